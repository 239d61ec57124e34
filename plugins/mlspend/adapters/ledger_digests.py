"""The ledger's part about what each digest that was sent was made of."""

from mlspend.adapters.state_store import StateStore


class LedgerDigests:
    """Methods of the ledger; all times are aware UTC datetimes, amounts travel as text."""

    _store: StateStore
