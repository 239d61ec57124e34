"""The ledger's part about which deliveries the quality gates hold back, and who accepted one."""

from mlspend.adapters.state_store import StateStore


class LedgerGates:
    """Methods of the ledger; all times are aware UTC datetimes, amounts travel as text."""

    _store: StateStore
