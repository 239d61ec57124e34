"""The tasks of build_warehouse: the one that proves makes the second build, and hands on what may be published."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from mlspend.adapters import config, pipeline
from mlspend.adapters.gates import stopped_build
from mlspend.adapters.gates.red_gates import read_red
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Build
from mlspend.operators.warehouse import BuildWarehouseOperator, ProveWarehouseOperator, PublishWarehouseOperator
from tests.landed_by_hand import ask, land, line

CONFIG = """\
company: Small
sources:
  - {name: aws, provider: aws, location: exports}
  - {name: lab, provider: aws, location: lab}
"""


@pytest.mark.usefixtures("warm_builds")
def test_a_red_month_is_left_out_by_the_task_that_proves(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlspend.yml").write_text(CONFIG)
    monkeypatch.setenv("MLSPEND_CONFIG", str(tmp_path / "mlspend.yml"))
    now = datetime.now(UTC)
    with Ledger.open(home) as ledger:
        # No one delivers in September what is used in December.
        ledger.record_landed(land(home, [line("2026-09-01", "3"), line("2026-12-20", "4")], "2026-09", "v1"), now)
        other = [{**line("2026-10-03", "20"), "bill_payer_account_id": "lab"}]
        ledger.record_landed(land(home, other, "2026-10", "v1", source="lab"), now)
    built = BuildWarehouseOperator(task_id="build_warehouse").execute({})
    proved = ProveWarehouseOperator(task_id="prove_warehouse", build=built).execute({})
    assert [one.x_source for one in Build.from_json(built).partitions] == ["aws", "lab"]
    assert [one.x_source for one in Build.from_json(proved).partitions] == ["lab"]
    # Airflow runs a task again whose machine died before it was told of the end.
    proved = ProveWarehouseOperator(task_id="prove_warehouse", build=proved).execute({})
    PublishWarehouseOperator(task_id="publish_warehouse", build=proved).execute({})
    assert ask(home.published_warehouse, "select x_source, sum(billed_cost) from marts.daily_spend group by all") == [
        ("lab", Decimal(20))
    ]
    with Ledger.open(home) as ledger:
        red = read_red(home, config.load(), ledger, datetime.now(UTC) + timedelta(minutes=1))
        assert [(one.x_source, one.billing_period) for one in red if one.kind == "schema"] == [("aws", "2026-09")]

        # A build was stopped, its cause is taken away in the configuration, and all that is right is published.
        assert not pipeline.awaits_publication(home, config.load(), ledger, now=datetime.now(UTC))
        stopped_build.record(home, ("two exports overlap",), now)
        assert pipeline.awaits_publication(home, config.load(), ledger, now=datetime.now(UTC))
        with pytest.raises(AirflowSkipException):
            BuildWarehouseOperator(task_id="build_warehouse").execute({})
        assert stopped_build.read(home) is None
        assert not pipeline.awaits_publication(home, config.load(), ledger, now=datetime.now(UTC))
