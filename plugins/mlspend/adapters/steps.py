"""Tells, for whoever debugs or tests, which step has been reached: one line at debug level of a logger of its own."""

import logging

from mlspend.core.steps import Step

logger = logging.getLogger("mlspend.steps")


def reached(step: Step) -> None:
    """Say that `step` is reached; nothing else happens."""
    logger.debug("%s", step.value)
