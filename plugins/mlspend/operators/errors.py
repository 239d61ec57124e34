"""Our errors in Airflow's words: what a retry cannot mend fails at once, everything else is retried."""

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from mlspend.core.errors import Terminal


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Turn Terminal into AirflowFailException; Transient and the unforeseen pass through, and Airflow tries again."""
    try:
        yield
    except Terminal as error:
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
