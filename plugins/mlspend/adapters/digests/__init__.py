"""The weekly digest: what it reads from what is published, and how it is written."""
