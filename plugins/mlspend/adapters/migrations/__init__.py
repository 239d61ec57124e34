"""The state store's tables, one step per file in versions/; run by the ledger, never by hand."""
