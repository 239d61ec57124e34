"""FinOps pipeline for machine-learning teams: land, build, prove, publish, tell."""
