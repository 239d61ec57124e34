"""A digest of a past week is the same again, whatever became of the warehouse since."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mlspend.adapters.digests import digest_message, kept
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.cli import app
from mlspend.core.errors import DigestNotKept
from mlspend.core.weeks import Week
from tests.adapters.digests.test_digest import COMPANY, CONFIG, replace_line, send
from tests.handmade_digest import FULL, make_digest
from tests.published_warehouse import NOW, SPEND, THIS_WEEK, publish_by_hand
from tests.slack_workspace import Workspace

WEEK = Week.parse("2026-W43")


def test_it_is_byte_for_byte_the_same_after_the_warehouse_was_restated(
    home: Home, ledger: Ledger, tmp_path: Path, workspace: Workspace
) -> None:
    publish_by_hand(home)
    send(home, ledger, CONFIG, workspace)
    was = [message for message in workspace.posted if "thread_ts" not in message]
    picture = [file.content for file in workspace.files.values()]
    publish_by_hand(home, [*SPEND, replace_line(SPEND[0], day=THIS_WEEK, billed="9.00")])
    again = kept.render_again(ledger, WEEK)
    assert [each.is_same for each in again] == [True] * 3
    pages = {each.digest.audience.channel: kept.write(each, tmp_path / each.digest.audience.channel) for each in again}
    for message in was:
        written = pages[message["channel"]].with_suffix(".json").read_text()
        assert json.loads(written) == message
    assert {each.message.chart.png for each in again if each.message.chart} == set(picture)
    home.published_warehouse.unlink()
    assert [each.message for each in kept.render_again(ledger, WEEK, "#risk")] == [
        each.message for each in again if each.message.channel == "#risk"
    ]


def test_what_was_half_out_goes_on_as_it_began(home: Home, ledger: Ledger, workspace: Workspace) -> None:
    publish_by_hand(home)
    workspace.scripts = {"chat.postMessage": [None, {"ok": False, "error": "ratelimited"}]}
    with pytest.raises(Exception, match="rate limit"):
        send(home, ledger, COMPANY, workspace)
    publish_by_hand(home, [*SPEND, replace_line(SPEND[0], day=THIS_WEEK, billed="9.00")])
    send(home, ledger, COMPANY, workspace, now=NOW + timedelta(minutes=10))
    said = json.dumps(workspace.posted)
    assert "1,251.00" in said
    assert "1,951.10" not in said


def test_a_rendering_that_changed_is_told(ledger: Ledger) -> None:
    digest = make_digest(facts=FULL)
    key = digest_message.key_of(digest)
    ledger.keep_digest(key, digest, "another", NOW)
    (again,) = kept.render_again(ledger, WEEK)
    assert not again.is_same
    ledger.keep_digest(key, digest, digest_message.content_hash(digest_message.compose(digest)), NOW)
    (again,) = kept.render_again(ledger, WEEK)
    assert again.is_same


def test_what_is_older_than_thirteen_months_is_forgotten(ledger: Ledger) -> None:
    old = replace(make_digest(), composed_at=NOW - timedelta(days=404))
    ledger.keep_digest("digest/2025-W38/#a", replace(old, week=Week.parse("2025-W38")), "x", NOW - timedelta(days=404))
    young = replace(make_digest(), composed_at=NOW - timedelta(days=396), week=Week.parse("2025-W39"))
    ledger.keep_digest("digest/2025-W39/#a", young, "x", NOW)
    assert len(kept.render_again(ledger, Week.parse("2025-W39"))) == 1
    with pytest.raises(DigestNotKept, match="2025-W38"):
        kept.render_again(ledger, Week.parse("2025-W38"))


def test_the_shell_shows_writes_and_tells_of_a_week_that_is_not_kept(
    home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    publish_by_hand(home)
    send(home, ledger)
    shown = CliRunner().invoke(app, ["digest", "--week", "2026-W43", "--channel", "#risk"])
    assert shown.exit_code == 0
    assert "ML spend of 19–25 Oct 2026: risk at Example Robotics" in shown.stdout
    assert "USD 300.75 effective cost" in shown.stdout
    written = CliRunner().invoke(app, ["digest", "--week", "2026-W43", "--to", str(tmp_path / "again")])
    pages = [Path(line) for line in written.stdout.split()]
    assert len(pages) == 3
    in_outbox = home.outbox / "2026-W43"
    for page in pages:
        for ending in (".json", ".html", ".png"):
            assert page.with_suffix(ending).read_bytes() == (in_outbox / page.name).with_suffix(ending).read_bytes()
    listed = json.loads(CliRunner().invoke(app, ["digest", "--week", "2026-W43", "--json"]).stdout)
    assert {each["key"] for each in listed} == {
        f"digest/2026-W43/#{name}" for name in ("ml-spend", "discovery", "risk")
    }
    assert all(each["is_same"] and each["build_id"] == "b7" for each in listed)
    assert CliRunner().invoke(app, ["digest", "--week", "2026-W42"]).exit_code == 1
    assert CliRunner().invoke(app, ["digest", "--week", "2026-43"]).exit_code == 2
    assert CliRunner().invoke(app, ["digest", "--channel", "#risk"]).exit_code == 2
