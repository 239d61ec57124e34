"""The freshness of each source as a check among the others: asked of the ledger, not of a build."""

from datetime import datetime

from mlspend.adapters import freshness
from mlspend.adapters.config import Config
from mlspend.adapters.ledger import Ledger
from mlspend.core.check_effects import CHECKS, FRESHNESS, SEVERITIES
from mlspend.core.deliveries import CheckResult
from mlspend.core.freshness import describe

REASON = "Four hours past its rhythm a delivery is not late any more but missing: what readers see is old."


def ask(config: Config, ledger: Ledger, now: datetime) -> list[CheckResult]:
    """Return one answer per configured source; red where it delivered nothing for too long (core/freshness.py)."""
    effect = config.gates.effect_of.get(FRESHNESS, CHECKS[FRESHNESS])
    return [
        CheckResult(
            layer="freshness",
            suite="sources",
            expectation=FRESHNESS,
            subject=one.source,
            is_success=one.level != "critical",
            is_evaluated=True,
            unexpected_count=int(one.level == "critical"),
            severity=SEVERITIES[effect],
            sample=describe(one) if one.level == "critical" else "",
            x_source=one.source,
            effect=effect,
            reason=REASON,
            check_name=FRESHNESS,
        )
        for one in freshness.read(config, ledger, now)
    ]
