"""Every expectation there is, by layer; importing them takes seconds."""

from expectations import completeness, drift, focus, landing, marts, schema
from expectations.rules import Suites


def about_partitions() -> dict[str, Suites]:
    """Return layer → asset → the expectations about the partitions that a build wrote."""
    return {
        "landing": landing.suites(),
        "focus": focus.suites(),
        "marts": marts.suites(),
        "schema": schema.suites(),
        "completeness": completeness.suites(),
        "drift": drift.suites(),
    }


def about_warehouse() -> Suites:
    """Return asset → the expectations about the whole warehouse, asked even when nothing was rebuilt."""
    return marts.warehouse_suites()
