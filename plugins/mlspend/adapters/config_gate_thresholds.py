"""`gates.completeness` and `gates.drift` in mlspend.yml; each default and its reason stand in core/check_thresholds."""

from pydantic import Field

from mlspend.adapters.config_base import Strict
from mlspend.core.check_thresholds import CompletenessThresholds, DriftThresholds

_COMPLETENESS, _DRIFT = CompletenessThresholds(), DriftThresholds()


class Completeness(Strict):
    """When a day, an account, a service, a project, a provider or an owner counts as missing."""

    smallest_share: float = Field(
        default=_COMPLETENESS.smallest_share,
        ge=0,
        le=1,
        description="share of the money, 0 to 1, from which a segment is missed, for example 0.01",
    )
    regular_days: float = Field(
        default=_COMPLETENESS.regular_days, gt=0, le=1, description="share of days used, 0 to 1, for example 0.8"
    )
    recent_days: int = Field(
        default=_COMPLETENESS.recent_days, ge=1, le=14, description="complete days without any use, for example 3"
    )
    day_line_share: float = Field(
        default=_COMPLETENESS.day_line_share,
        ge=0,
        lt=1,
        description="share of a day's usual lines, 0 to 1, below which lines are missing, for example 0.5",
    )
    coverage_points: float = Field(
        default=_COMPLETENESS.coverage_points,
        gt=0,
        le=100,
        description="percentage points by which the owned share may fall, for example 5",
    )

    def thresholds(self) -> CompletenessThresholds:
        """Return them as the checks take them."""
        return CompletenessThresholds(**self.model_dump())


class Drift(Strict):
    """When costs per line, prices and percentiles count as changed."""

    statistic: float = Field(
        default=_DRIFT.statistic, gt=0, lt=1, description="the Kolmogorov-Smirnov statistic, 0 to 1, for example 0.15"
    )
    p_value: float = Field(
        default=_DRIFT.p_value, gt=0, lt=1, description="the p value after correction, 0 to 1, for example 0.01"
    )
    smallest_sample: int = Field(
        default=_DRIFT.smallest_sample, ge=30, description="lines on each side, for example 165"
    )
    smallest_share: float = Field(
        default=_DRIFT.smallest_share, ge=0, le=1, description="share of the money, 0 to 1, for example 0.01"
    )
    smallest_change: float = Field(
        default=_DRIFT.smallest_change,
        ge=0,
        le=1,
        description="changed costs of lines as a share of the week's bill, 0 to 1, for example 0.02",
    )
    smallest_segment_change: float = Field(
        default=_DRIFT.smallest_segment_change,
        ge=0,
        le=1,
        description="the same for an account or a project, 0 to 1, for example 0.05",
    )
    price_ratio: float = Field(
        default=_DRIFT.price_ratio, gt=1, description="new over old unit price, or old over new, for example 1.25"
    )
    percentile_ratio: float = Field(
        default=_DRIFT.percentile_ratio, gt=1, description="new over old percentile, or old over new, for example 2"
    )

    def thresholds(self) -> DriftThresholds:
        """Return them as the checks take them."""
        return DriftThresholds(**self.model_dump())
