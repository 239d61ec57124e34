"""Owners of charges through a whole build: tags, then rules, each case a line of its own; all worked out by hand."""

from datetime import date
from decimal import Decimal

import pytest

from mlspend.adapters import warehouse
from mlspend.adapters.config import Config
from mlspend.adapters.config_attribution import Ownership, Project, Rule, TagKeys, Team
from mlspend.adapters.home import Home
from tests.landed_by_hand import NOW, ask, land, line

pytestmark = pytest.mark.usefixtures("warm_builds")

OCTOBER_20 = date(2026, 10, 20)


def rule(rule_id: str, when: dict[str, object], **named: object) -> Rule:
    return Rule.model_validate({"id": rule_id, "when": when, **named})


CONFIG = Config(
    company="Test",
    sources=(),
    tags=TagKeys(team=("team", "accountTag/owner", "cost_category/Owner")),
    projects=(
        Project.model_validate(
            {
                "name": "ml-platform",
                "aliases": ("old", {"value": "mlp", "valid_from": OCTOBER_20}),
                "team": "platform",
            }
        ),
        Project(
            name="fraud",
            teams=(
                Ownership(team="risk", valid_to=date(2026, 10, 9)),
                Ownership(team="platform", valid_from=OCTOBER_20),
            ),
        ),
    ),
    teams=(Team(name="platform"), Team(name="risk")),
    resource_links="links.csv",
    rules=(
        rule("nat", {"services": ("AmazonEC2",), "usage_type": "NatGateway"}, shared="network"),
        rule("jobs", {"resource_kind": ("training-job",), "resource_name": "^fraud-"}, project="fraud"),
        rule("train", {"resource_kind": ("training-job",)}, ml_stage="training"),
        rule("tax", {"line_item_types": ("Tax",)}, shared="overhead", over_tags=True, team="platform"),
        rule("pods", {"namespace": ("serving",)}, project="fraud", ml_stage="inference"),
        rule("links", {"linked": True}),
        rule("late", {"accounts": ("000000000009",)}, project="fraud", valid_from=OCTOBER_20),
    ),
)
LINKS = """\
resource_id,linked_resource_id,valid_from,valid_to
snap-1,arn:aws:ec2:eu-west-1:000000000001:volume/vol-1,,
vol-1,i-1,,2026-10-19
snap-2,snap-3,,
snap-3,snap-2,,
c0,c1,,
c1,c2,,
c2,c3,,
c3,c4,,
c4,c5,,
c5,c6,,
"""
INSTANCE = "arn:aws:ec2:eu-west-1:000000000001:instance/i-1"
SNAPSHOT = "arn:aws:ec2:eu-west-1:000000000001:snapshot/snap-1"
JOB = "arn:aws:sagemaker:eu-west-1:000000000001:training-job/"
# What is special about a line of 1 dollar, and the owner it is to have.
CASES = [
    ("2026-10-01", {"tags": {"user_project": " ML_Platform "}}, "ml-platform platform unknown unknown tag -"),
    ("2026-10-01", {"tags": {"user_project": "OLD"}}, "ml-platform platform unknown unknown tag -"),
    ("2026-10-19", {"tags": {"user_project": "mlp"}}, "unattributed unattributed unknown unknown none -"),
    ("2026-10-20", {"tags": {"user_project": "mlp"}}, "ml-platform platform unknown unknown tag -"),
    ("2026-10-09", {"tags": {"user_project": "fraud"}}, "fraud risk unknown unknown tag -"),
    ("2026-10-10", {"tags": {"user_project": "fraud"}}, "fraud unattributed unknown unknown tag -"),
    ("2026-10-20", {"tags": {"user_project": "fraud"}}, "fraud platform unknown unknown tag -"),
    ("2026-10-01", {"tags": {"accountTag/Owner": "Risk"}}, "unattributed risk unknown unknown none -"),
    ("2026-10-01", {"cost_category": {"Owner": "risk"}}, "unattributed risk unknown unknown none -"),
    (
        "2026-10-01",
        {"cost_category": {"Owner": "platform"}, "tags": {"accountTag/Owner": "risk"}},
        "unattributed risk unknown unknown none -",
    ),
    ("2026-10-01", {"line_item_usage_type": "EU-NatGateway-Bytes"}, "network unattributed unknown unknown rule nat"),
    (
        "2026-10-01",
        {"line_item_usage_type": "NatGateway-Bytes", "tags": {"user_project": "fraud"}},
        "fraud risk unknown unknown tag -",
    ),
    ("2026-10-01", {"line_item_resource_id": JOB + "fraud-7"}, "fraud risk unknown training rule jobs"),
    ("2026-10-01", {"line_item_resource_id": JOB + "x"}, "unattributed unattributed unknown training none -"),
    (
        "2026-10-01",
        {"line_item_line_item_type": "Tax", "tags": {"user_project": "fraud", "user_env": "live"}},
        "overhead platform prod unknown rule tax",
    ),
    ("2026-10-01", {"tags": {"aws_eks_namespace": "Serving"}}, "fraud risk unknown inference rule pods"),
    (
        "2026-10-01",
        {"line_item_resource_id": "arn:aws:eks:eu-west-1:000000000001:pod/blue/serving/web-1/uid"},
        "fraud risk unknown inference rule pods",
    ),
    # The instance is mostly fraud's; a snapshot leads to it by its volume, as long as that is attached.
    *[
        (
            "2026-10-01",
            {"line_item_resource_id": INSTANCE, "tags": {"user_project": owner}},
            f"{owned} unknown unknown tag -",
        )
        for owner, owned in (("fraud", "fraud risk"), ("old", "ml-platform platform"), ("fraud", "fraud risk"))
    ],
    ("2026-10-01", {"line_item_resource_id": SNAPSHOT}, "fraud risk unknown unknown linked_resource links"),
    ("2026-10-20", {"line_item_resource_id": SNAPSHOT}, "unattributed unattributed unknown unknown none -"),
    ("2026-10-01", {"line_item_resource_id": "snap-2"}, "unattributed unattributed unknown unknown none -"),
    # Five links are followed, six are not.
    (
        "2026-10-01",
        {"line_item_resource_id": "c6", "tags": {"user_project": "ml-platform"}},
        "ml-platform platform unknown unknown tag -",
    ),
    ("2026-10-01", {"line_item_resource_id": "c1"}, "ml-platform platform unknown unknown linked_resource links"),
    ("2026-10-01", {"line_item_resource_id": "c0"}, "unattributed unattributed unknown unknown none -"),
    ("2026-10-19", {"line_item_usage_account_id": "000000000009"}, "unattributed unattributed unknown unknown none -"),
    ("2026-10-20", {"line_item_usage_account_id": "000000000009"}, "fraud platform unknown unknown rule late"),
]

# Of another account: what has no owner, and what speaks for one.
ML_PLATFORM, NOBODY = "ml-platform platform unknown unknown tag -", "unattributed unattributed unknown unknown none -"
ALICE = {"aws:createdBy": "AssumedRole:alice"}
ENDPOINT = "arn:aws:sagemaker:eu-west-1:000000000005:endpoint/rank-blue-"
for resource, tags, owner in [
    ("bucket-of-fraud-raw", {}, NOBODY),
    ("i-0a1b2c3d4e5f60001", ALICE, NOBODY),
    *[("i-0a1b2c3d4e5f60002", {**ALICE, "user_project": "old"}, ML_PLATFORM)] * 3,
    ("i-0a1b2c3d4e5f60003", {**ALICE, "user_project": "fraud"}, "fraud risk unknown unknown tag -"),
    (ENDPOINT + "1", {"user_project": "old"}, ML_PLATFORM),
    (ENDPOINT + "2", {}, NOBODY),
    ("fraudulent", {}, NOBODY),
]:
    special = {"line_item_resource_id": resource, "tags": tags, "line_item_usage_account_id": "000000000005"}
    CASES.append(("2026-10-01", special, owner))


def test_every_charge_has_the_owner_worked_out_by_hand(home: Home) -> None:
    lines = [
        line(day, "1", line_item_operation=str(number), **special) for number, (day, special, _) in enumerate(CASES)
    ]
    (home.root / "links.csv").write_text(LINKS)
    built = warehouse.build(home, CONFIG, [land(home, lines, "2026-10", "o1")], None, now=NOW)
    owners = ask(
        built.warehouse_path,
        """select concat_ws(
            ' ', project, team, environment, ml_stage, x_attributed_by, coalesce(x_matched_rule_id, '-')
        )
        from marts.allocated_costs
        inner join marts.focus_costs using (x_source, billing_period, x_line_id)
        order by cast(x_operation as integer)""",
    )
    assert [owner for (owner,) in owners] == [owner for _, _, owner in CASES]
    shared = (
        "select project, sum(effective_cost) from marts.allocated_costs where is_shared_cost group by all order by all"
    )
    assert sorted(ask(built.warehouse_path, shared)) == [("network", Decimal(1)), ("overhead", Decimal(1))]
    raw = "select count(*) from marts.focus_costs where tags['user_project'] = ' ML_Platform '"
    assert ask(built.warehouse_path, raw) == [(1,)], "raw tags stay as they are"
    # By hand from the cases: how many of their dollars tags, rules and links cover.
    coverage = """select dimension, covered_by, tag_status, sum(effective_cost) from marts.tag_coverage
        group by all having dimension in ('project', 'ml_stage') order by all"""
    assert ask(built.warehouse_path, coverage) == [
        ("ml_stage", "none", "missing", Decimal(33)),
        ("ml_stage", "rule", "missing", Decimal(4)),
        ("project", "linked_resource", "missing", Decimal(2)),
        ("project", "none", "missing", Decimal(12)),
        ("project", "none", "unknown_value", Decimal(1)),
        ("project", "rule", "known", Decimal(1)),
        ("project", "rule", "missing", Decimal(5)),
        ("project", "tag", "known", Decimal(16)),
    ]
    suggested = """select resource_id, suggested_project, evidence, shared_trait, evidence_share, effective_cost
        from marts.suggested_owners where sub_account_id = '000000000005' order by all"""
    assert ask(built.warehouse_path, suggested) == [
        (ENDPOINT + "2", "ml-platform", "resource_prefix", "rank-blue", 1.0, Decimal(1)),
        ("bucket-of-fraud-raw", "fraud", "name", "fraud", 1.0, Decimal(1)),
        ("fraudulent", "ml-platform", "account", "000000000005", 0.8, Decimal(1)),
        ("i-0a1b2c3d4e5f60001", "ml-platform", "creator", "AssumedRole:alice", 0.75, Decimal(1)),
    ]
