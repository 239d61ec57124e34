"""Documents must not lie: every command, query, example, error and name in them is held against the real thing."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import duckdb
import pytest
import yaml
from moto import mock_aws
from pydantic import BaseModel
from slack_sdk import WebClient
from slack_sdk.models.blocks import Block
from typer.main import get_command
from typer.testing import CliRunner

from mlspend.adapters import config
from mlspend.adapters.config_model import Config
from mlspend.adapters.digests import digest_message
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.messages import slack_api
from mlspend.adapters.messages.buttons import alert_buttons
from mlspend.cli import app
from mlspend.core import errors
from mlspend.core.digest import OpenPeriod
from mlspend.core.export_kinds import AWS_CUR, FOCUS, SHAPES
from mlspend.core.focus_columns import FOCUS_1_2
from mlspend.core.notifications import read_notification
from mlspend.core.restatements import Restated, Restatement
from tests.handmade_digest import ALERT, FULL, GATE, MANAGEMENT, OF_MANAGEMENT, SPEND, make_digest, spend

DOCS = PROJECT_ROOT / "docs"
DOCUMENTS = sorted([*PROJECT_ROOT.glob("*.md"), *DOCS.rglob("*.md")])
USER_PAGES = [
    DOCS / f"{name}.md"
    for name in (
        "alerts",
        "analysts",
        "attribution",
        "budgets",
        "chargeback",
        "digest",
        "configuration",
        "data-quality-checks",
        "events",
        "exports",
        "forecast",
        "freshness",
        "gates",
        "reconciliation",
        "retention",
        "slack",
        "tag-policy",
        "shared-costs",
    )
]


def blocks(document: Path, kind: str) -> list[str]:
    """The content of every block fenced as ```kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE)


def page_blocks(kind: str) -> list[Any]:
    return [
        pytest.param(block, id=f"{page.stem}-{number}")
        for page in USER_PAGES
        for number, block in enumerate(blocks(page, kind), 1)
    ]


def rows(document: Path) -> list[list[str]]:
    """The cells of every table row."""
    lines = [line for line in document.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def in_code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def commands(document: Path) -> Iterator[list[str]]:
    """The words of every command in ```sh blocks, without settings of the environment before it."""
    for block in blocks(document, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            if words:
                yield words


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_documents_name_only_commands_and_files_that_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT_ROOT / "Makefile").read_text(), re.MULTILINE))
    for words in commands(document):
        if words[0] == "make":
            assert words[1] in targets, f"{document.name}: {words}"
        if words[0].endswith("mlspend"):
            command: Any = get_command(app)
            rest = words[1:]
            while rest and rest[0] in getattr(command, "commands", {}):
                command, rest = command.commands[rest[0]], rest[1:]
            assert command.name not in (None, "mlspend"), f"{document.name}: {words}"
            options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
            assert {word for word in rest if word.startswith("--")} <= options, f"{document.name}: {words}"
    for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text()):
        assert (document.parent / link).exists(), f"{document.name} links to {link}, which is not there"


@pytest.mark.parametrize("words", [["backfill", "create"], ["dags", "trigger"]], ids=" ".join)
def test_airflow_knows_the_options_that_documents_give_it(words: list[str], tmp_path: Path) -> None:
    written = [each for document in DOCUMENTS for each in commands(document)]
    asked = [each for each in written if each[: len(words) + 1] == ["airflow", *words]]
    told = subprocess.run(
        [Path(sys.executable).with_name("airflow"), *words, "--help"],
        env={"PATH": os.defpath, "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    options = {word for each in asked for word in each if word.startswith("--")}
    assert options
    assert {word for word in options if word not in told.stdout} == set()


@pytest.mark.parametrize("query", page_blocks("sql"))
def test_every_query_answers_and_adds_up_no_two_currencies(query: str, example_warehouse: Home) -> None:
    with duckdb.connect(example_warehouse.published_warehouse, read_only=True) as connection:
        assert connection.execute(query).fetchall()
    assert "billing_currency" in query or not re.search(r"sum\(\w+_cost\)", query)


def test_the_commands_and_the_program_of_the_analysts_page_run(
    example_warehouse: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = DOCS / "analysts.md"
    (tmp_path / "var").symlink_to(example_warehouse.root)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLSPEND_HOME", str(example_warehouse.root))
    for words in commands(page):
        if words[0].endswith("mlspend"):
            assert CliRunner().invoke(app, words[1:]).exit_code == 0, words
    [program] = blocks(page, "python")
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["rows"]


def test_the_analysts_page_knows_every_published_table_and_no_column_that_is_not_there(example_warehouse: Home) -> None:
    columns: dict[str, set[str]] = {}
    with duckdb.connect(example_warehouse.published_warehouse, read_only=True) as connection:
        for table, column in connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns()"
            " where schema_name in ('marts', 'focus_1_2', 'ops')"
        ).fetchall():
            columns.setdefault(table, set()).add(column)
    described = {cells[0].strip("`"): in_code(cells[2]) for cells in rows(DOCS / "analysts.md") if "." in cells[0]}
    assert described.keys() == columns.keys()
    for table, names in described.items():
        assert set(names) <= columns[table], table


@pytest.mark.parametrize("text", page_blocks("yaml"))
def test_every_configuration_is_valid(text: str, tmp_path: Path, home: Home) -> None:
    """One that is not whole stands for these sections of the page's first."""
    (home.root / "resource-links.csv").write_text("resource_id,linked_resource_id\n")
    whole = yaml.safe_load(blocks(DOCS / "configuration.md", "yaml")[0])
    path = tmp_path / "mlspend.yml"
    path.write_text(text if "company" in yaml.safe_load(text) else yaml.safe_dump(whole | yaml.safe_load(text)))
    assert config.check(path) == []


def test_wrong_configurations_are_answered_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config").mkdir()
    wrong, answers = blocks(DOCS / "configuration.md", "yaml wrong"), blocks(DOCS / "configuration.md", "text")
    for text, answer in zip(wrong, answers, strict=True):
        Path("config/mlspend.yml").write_text(text)
        result = CliRunner().invoke(app, ["config", "check", "config/mlspend.yml"])
        assert (result.exit_code, result.stdout) == (1, answer)


def test_a_plan_is_answered_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = DOCS / "tag-policy.md"
    [plan], [answer] = blocks(page, "json plan"), blocks(page, "text")
    monkeypatch.setenv("MLSPEND_CONFIG", str(PROJECT_ROOT / "config" / "mlspend.yml"))
    result = CliRunner().invoke(app, ["tags", "check", "-"], input=plan)
    assert result.exit_code == 1
    assert [line.rstrip() for line in result.stdout.splitlines()] == answer.splitlines()
    written = CliRunner().invoke(app, ["tags", "export", "--to", str(tmp_path)]).stdout.split()
    patterns = [name for cells in rows(page) for name in in_code(cells[0]) if "/" in name]
    assert {path for pattern in patterns for path in map(str, tmp_path.glob(pattern))} == set(written)


def test_every_key_of_the_configuration_is_explained() -> None:
    def keys(model: type[BaseModel]) -> Iterator[str]:
        for name, field in model.model_fields.items():
            yield field.alias or name
            for inner in [field.annotation, *getattr(field.annotation, "__args__", ())]:
                if isinstance(inner, type) and issubclass(inner, BaseModel):
                    yield from keys(inner)

    text = (DOCS / "configuration.md").read_text()
    assert not {key for key in keys(Config) if f"`{key}`" not in text and f"{key}:" not in text}


def bold(value: Any) -> Iterator[str]:
    """Bold runs of rich text: the labels of lines, and amounts."""
    if isinstance(value, dict):
        if value.get("style") == {"bold": True}:
            yield value["text"]
        for inner in value.values():
            yield from bold(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from bold(inner)


def test_every_label_of_the_digest_is_explained() -> None:
    opened = (OpenPeriod("aws", "2026-10"),)
    change = Restated(Decimal(9), Decimal(100))
    restated = Restatement("2026-09", "USD", change, change)
    alerts = (ALERT, replace(ALERT, level="warning"))
    digests = [
        make_digest(
            unreconciled=("aws 2026-10",), open_periods=opened, warned=("check_one",), facts=FULL, alerts=alerts
        ),
        make_digest((*SPEND, spend("recommender", "training", "1", "1", currency="EUR")), teams=("discovery",)),
        make_digest(last_day=make_digest().week.monday, restated=(restated,) * 6),
        make_digest(audience=MANAGEMENT, facts=OF_MANAGEMENT, gates=(GATE,)),
    ]
    messages = [digest_message.compose(digest) for digest in digests]
    rendered: list[Block] = [
        block for message in messages for each in (message, *message.replies) for block in each.blocks
    ]
    runs = {text for block in rendered for text in bold(block.to_dict())}
    # "Budget october" is the budget of that name.
    runs = {text.partition(" october")[0] for text in runs}
    labels = {text.partition(" of ")[0].rstrip(": ") for text in runs if re.match(r"[A-Z]|critical|warning", text)}
    amounts = re.compile(r"[A-Z]{3}\s.*|Total [A-Z]{3}")
    explained = {cell.strip("*").partition(" of ")[0] for text in rows(DOCS / "digest.md") for cell in in_bold(text[0])}
    assert {label for label in labels if not amounts.fullmatch(label)} <= explained


def in_bold(text: str) -> list[str]:
    return re.findall(r"\*\*([^*]+)\*\*", text)


def test_every_kind_and_required_column_of_an_export_is_named() -> None:
    text = (DOCS / "exports.md").read_text()
    landed_as = {landed: name for name, landed, _ in FOCUS_1_2}
    wanted = [*SHAPES, *AWS_CUR.required, *(landed_as[landed] for landed in FOCUS.required)]
    assert not [name for name in wanted if f"`{name}`" not in text]


def test_what_is_refused_is_refused_in_these_words() -> None:
    code = [path.read_text() for path in (PROJECT_ROOT / "plugins/mlspend").rglob("*.py")]
    refusals = [cells for cells in rows(DOCS / "exports.md") if len(cells) == 5 and cells[1].startswith("`")]
    assert len(refusals) > 20
    for _, name, message, retried, _ in refusals:
        error = getattr(errors, name.strip("`"))
        assert issubclass(error, errors.Transient) == (retried == "yes"), name
        assert any(message.strip("`") in text for text in code), message


def test_what_is_retried_is_what_a_retry_can_mend() -> None:
    failures = [cells for cells in rows(DOCS / "deployment.md") if len(cells) == 3 and cells[1].startswith("`")]
    assert len(failures) >= 8
    for what, name, retried in failures:
        error = getattr(errors, name.strip("`"))
        assert issubclass(error, errors.Terminal) == retried.startswith("no"), what


@pytest.mark.parametrize("text", page_blocks("json"))
def test_the_permissions_only_read(text: str) -> None:
    policy = json.loads(text)
    assert [each["Action"] for each in policy["Statement"]] == ["s3:ListBucket", "s3:GetObject"]


def test_the_slack_app_may_do_what_is_asked_of_it_and_no_more() -> None:
    page = DOCS / "slack.md"
    [manifest], [socket_mode] = (
        map(json.loads, blocks(page, "json manifest")),
        map(json.loads, blocks(page, "json socket")),
    )
    needed = {
        "chat_postMessage": {"chat:write"},
        "files_upload_v2": {"files:write"},
        "conversations_list": {"channels:read", "groups:read"},
        "conversations_history": {"channels:history", "groups:history"},
        "conversations_replies": {"channels:history", "groups:history"},
    }
    code = "".join(path.read_text() for path in (PROJECT_ROOT / "plugins/mlspend/adapters/messages").glob("*.py"))
    called = {name for name in dir(WebClient) if "_" in name and f".{name}(" in code}
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    assert sorted(scopes) == sorted(set().union(*(needed[method] for method in called)))
    explained = [scope for cells in rows(page) for scope in in_code(cells[0]) if ":" in scope]
    assert sorted(explained) == sorted(scopes)
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert urlsplit(manifest["settings"]["interactivity"]["request_url"]).path == "/mlspend/slack/actions"
    assert (manifest["settings"]["socket_mode_enabled"], socket_mode["socket_mode_enabled"]) == (False, True)


def test_every_refusal_of_slack_that_has_a_remedy_and_every_button_is_explained() -> None:
    cells = [row[0] for row in rows(DOCS / "slack.md")]
    assert set(slack_api.REMEDIES) <= {code for cell in cells for code in in_code(cell)}
    labels = [button["text"]["text"] for button in alert_buttons("a1").to_dict()["elements"]]
    assert [cell for cell in cells if cell in labels] == labels


@mock_aws
def test_the_queue_set_up_by_the_events_page_is_told_of_manifests_and_nothing_else() -> None:
    page = DOCS / "events.md"
    [queue], [notification], [policy], [rule] = (
        blocks(page, f"json {kind}") for kind in ("queue", "notification", "policy", "rule")
    )
    s3: Any = boto3.client("s3", "us-east-1")
    sqs: Any = boto3.client("sqs", "us-east-1")
    s3.create_bucket(Bucket="northwind-billing")
    url = sqs.create_queue(QueueName="mlspend-aws", Attributes=json.loads(queue))["QueueUrl"]
    s3.put_bucket_notification_configuration(
        Bucket="northwind-billing", NotificationConfiguration=json.loads(notification)
    )
    manifest = "exports/northwind-cur2/metadata/BILLING_PERIOD=2026-10/northwind-cur2-Manifest.json"
    for key in ("exports/northwind-cur2/data/x.parquet", "exports/other/x-Manifest.json", manifest):
        s3.put_object(Bucket="northwind-billing", Key=key, Body=b"{}")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    announced = [each.key for message in messages for each in read_notification(message["Body"])]
    assert announced == [manifest]
    boto3.client("events", "us-east-1").put_rule(Name="manifests", EventPattern=rule)
    [statement] = json.loads(policy)["Statement"]
    assert statement["Action"] == ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
