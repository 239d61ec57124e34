"""The thresholds travel in a plan unchanged, and those of the configuration are the same until somebody sets others."""

from dataclasses import asdict
from pathlib import Path

import pytest

from mlspend.adapters import config
from mlspend.core.check_thresholds import DEFAULT_THRESHOLDS, CompletenessThresholds, DriftThresholds, Thresholds
from mlspend.core.errors import ConfigInvalid
from mlspend.core.proof_plan import CheckedPartition, ProofPlan

OTHERS = Thresholds(CompletenessThresholds(recent_days=5), DriftThresholds(statistic=0.2, smallest_sample=300))


def test_a_plan_brings_them_along() -> None:
    partition = CheckedPartition("aws", "2026-10", "aws_cur", "receipt.json", (), (), (), "published.json", False)
    plan = ProofPlan((partition,), (("aws", "2026-10"),), {}, "b1", "warehouse.duckdb", OTHERS)
    assert ProofPlan.from_json(plan.to_json()) == plan


def test_the_configuration_changes_single_ones(tmp_path: Path) -> None:
    def loaded(text: str) -> Thresholds:
        file = tmp_path / "mlspend.yml"
        file.write_text(f"company: Small\nsources: []\n{text}")
        return config.load(file).gates.thresholds()

    assert loaded("") == DEFAULT_THRESHOLDS
    text = "gates: {completeness: {recent_days: 5}, drift: {statistic: 0.2, smallest_sample: 300}}"
    assert loaded(text) == OTHERS
    assert set(asdict(OTHERS)["drift"]) == set(config.load(tmp_path / "mlspend.yml").gates.drift.model_dump())
    with pytest.raises(ConfigInvalid, match="statistic"):
        loaded("gates: {drift: {statistic: 15}}")
    with pytest.raises(ConfigInvalid, match="smallest_sample"):
        # Two samples of fewer lines differ by chance in most cases.
        loaded("gates: {drift: {smallest_sample: 10}}")
