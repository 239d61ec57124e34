"""From where on checks of completeness and drift speak up; mlspend.yml may set others under `gates`."""

from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class CompletenessThresholds:
    """When something counts as missing. Shares are from 0 to 1, of the source's money of use in one currency."""

    # Below one percent of the bill an account or a service ends without anybody missing it in a total.
    smallest_share: float = 0.01
    # Four days of five: more than those that only work on weekdays (five of seven), so no weekend is a loss.
    regular_days: float = 0.8
    # One more than a weekend: what is used all week has not been silent that long in any ordinary week.
    recent_days: int = 3
    # A day with half its hours missing has half its lines; no single day between usual ones halves by itself.
    day_line_share: float = 0.5
    # Teams move single percents of the bill in and out of their tags every week; a lost tag key moves far more.
    coverage_points: float = 5.0


@dataclass(frozen=True)
class DriftThresholds:
    """When costs per line count as another distribution, and a price or a percentile as another one."""

    # Between 0.1 and 0.2 a shift begins to show in a month's total; smaller ones are the ordinary change of a week.
    statistic: float = 0.15
    p_value: float = 0.01
    # Two samples of 165 from one distribution lie more than 0.15 apart in about 5 of 100 cases; of 30 in most.
    smallest_sample: int = 165
    # Smaller parts of the bill are not tested: each further test makes all others less sure.
    smallest_share: float = 0.01
    # What lines cost otherwise, added up, as a share of the week's bill. Slow growth of storage moves each line by a
    # percent, which is a large statistic and no money; a fiftieth of the bill is what somebody asks about.
    smallest_change: float = 0.02
    # The same for accounts and projects: jobs come and go, so their mix of lines is another one every week.
    smallest_segment_change: float = 0.05
    # Price lists move by some percent, tiers blend prices by up to a fifth; a wrong unit or a lost discount more.
    price_ratio: float = 1.25
    # A dearest line that doubles is seen in the bill; percentiles of small groups move by halves without a cause.
    percentile_ratio: float = 2.0


@dataclass(frozen=True)
class Thresholds:
    """All of them; travels in the plan of a proof.

    >>> Thresholds.from_plain({"completeness": {"recent_days": 5}, "drift": {}}).completeness.recent_days
    5
    """

    completeness: CompletenessThresholds = field(default_factory=CompletenessThresholds)
    drift: DriftThresholds = field(default_factory=DriftThresholds)

    @classmethod
    def from_plain(cls, raw: dict[str, dict[str, Any]]) -> Self:
        """Return the thresholds that `dataclasses.asdict` made plain."""
        return cls(CompletenessThresholds(**raw["completeness"]), DriftThresholds(**raw["drift"]))


DEFAULT_THRESHOLDS = Thresholds()
