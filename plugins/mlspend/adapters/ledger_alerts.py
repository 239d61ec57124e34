"""The ledger's part about alerts, and what became of each."""

from mlspend.adapters.state_store import StateStore


class LedgerAlerts:
    """Methods of the ledger; all times are aware UTC datetimes, amounts travel as text."""

    _store: StateStore
