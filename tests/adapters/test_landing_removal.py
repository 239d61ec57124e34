"""Landed lines go when nothing needs them, are landed again when something does, and a crash between harms nothing."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlspend.adapters import config, landing, landing_folder, landing_removal, pipeline
from mlspend.adapters.build_inputs import NOTHING_ELSE
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Delivery, Publication, Receipt
from mlspend.core.retention import KEEP, Limits
from tests.focus_csv import focus_line, write_focus_csv

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = Limits("2026-09")


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


def tell(_words: str) -> None:
    """Nobody listens."""


def deliver(home: Home, cost: str, now: datetime, period: str = "2026-10") -> None:
    """The export's file of the period is written anew; its content is its version."""
    file = write_focus_csv(home.root / "exports" / f"{period}.csv", [focus_line(period, 1, cost)])
    os.utime(file, (now.timestamp(), now.timestamp()))


def land(home: Home, ledger: Ledger, now: datetime) -> list[Receipt]:
    landed = pipeline.land("cloud", str(home.root / "exports"), home, ledger, now=now, tell=tell, limits=LIMITS)
    landed.raise_rejections()
    return list(landed.receipts)


def deliver_and_land(home: Home, ledger: Ledger, cost: str, now: datetime, period: str = "2026-10") -> Receipt:
    deliver(home, cost, now, period)
    [receipt] = land(home, ledger, now)
    return receipt


def published(ledger: Ledger, now: datetime) -> Publication:
    """What would be published if everything that counts were built now; the ledger learns of it."""
    partitions = tuple(NOTHING_ELSE.partition_of(config.default(), receipt) for receipt in ledger.current_receipts())
    publication = Publication(f"b{now:%d%H}", "1.0", "c", now, partitions, ())
    ledger.record_publication(publication)
    return publication


def remove(home: Home, ledger: Ledger, now: datetime) -> list[Path]:
    return landing_removal.remove_unneeded(home, ledger, [published(ledger, now)], LIMITS, now=now, keep=KEEP)


def folder(home: Home, receipt: Receipt) -> Path:
    return landing_folder.delivery_folder(home.landing, receipt.delivery)


def row(ledger: Ledger, receipt: Receipt) -> dict[str, Any]:
    [found] = [each for each in ledger.deliveries() if each["version"] == receipt.delivery.version]
    return found


def test_the_landing_folder_does_not_grow_with_deliveries(home: Home, ledger: Ledger) -> None:
    september = deliver_and_land(home, ledger, "5", NOW, "2026-09")
    stranger = home.landing / "cloud" / "2026-10" / "not-ours"
    stranger.mkdir(parents=True)
    receipts = []
    for third in range(12):
        receipts.append(deliver_and_land(home, ledger, str(third), NOW + third * DAY / 3))
        remove(home, ledger, NOW + third * DAY / 3)
    left = [receipt for receipt in receipts if folder(home, receipt).exists()]
    assert left == receipts[-4:], "the current one, and those replaced in the last 24 hours"
    assert folder(home, september).exists()
    assert stranger.exists()
    assert row(ledger, receipts[0])["lines_removed_at"] == NOW + 4 * DAY / 3
    assert row(ledger, receipts[0])["row_count"] == 1, "what it held stays known"
    assert row(ledger, receipts[-1])["lines_removed_at"] is None
    assert not (home.landing / ".incoming").exists() or not [
        path for path in (home.landing / ".incoming").iterdir() if path.is_dir()
    ]


def test_content_that_comes_back_counts_only_once_it_is_landed_again(
    home: Home, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = deliver_and_land(home, ledger, "1", NOW)
    second = deliver_and_land(home, ledger, "2", NOW + DAY)
    assert remove(home, ledger, NOW + 3 * DAY) == [folder(home, first)]
    deliver(home, "1", NOW + 4 * DAY)
    with monkeypatch.context() as patched:
        patched.setattr(landing, "land", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            land(home, ledger, NOW + 4 * DAY)
    assert ledger.current_receipts() == [second]
    assert (row(ledger, first)["status"], row(ledger, second)["status"]) == ("seen", "published")
    [again] = land(home, ledger, NOW + 4 * DAY)
    assert again.delivery.version == first.delivery.version
    assert all((home.landing / file).exists() for file in again.landed_files)
    assert [receipt.delivery.version for receipt in ledger.current_receipts()] == [first.delivery.version]
    assert row(ledger, first)["lines_removed_at"] is None
    assert land(home, ledger, NOW + 4 * DAY) == []
    remove(home, ledger, NOW + 4 * DAY)
    assert folder(home, first).exists()
    assert folder(home, second).exists(), "it ceased to count just now"


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_crash_between_recording_and_removing_harms_nothing(
    home: Home, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    first = deliver_and_land(home, ledger, "1", NOW)
    deliver_and_land(home, ledger, "2", NOW + DAY)
    with monkeypatch.context() as patched:
        patched.setattr(landing_folder, "remove", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            remove(home, ledger, NOW + 3 * DAY)
    assert folder(home, first).exists()
    assert row(ledger, first)["lines_removed_at"] == NOW + 3 * DAY
    if comes_back:
        deliver(home, "1", NOW + 4 * DAY)
        [again] = land(home, ledger, NOW + 4 * DAY)
        assert [receipt.delivery.version for receipt in ledger.current_receipts()] == [first.delivery.version]
        remove(home, ledger, NOW + 4 * DAY)
        assert all((home.landing / file).exists() for file in again.landed_files)
    else:
        assert remove(home, ledger, NOW + 4 * DAY) == [folder(home, first)]


def test_a_removal_between_landing_and_recording_is_landed_once_more(
    home: Home, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_land = landing.land
    times = []

    def land_and_lose(delivery: Delivery, home: Home, **arguments: Any) -> Receipt:
        receipt = really_land(delivery, home, **arguments)
        times.append(receipt)
        if len(times) == 1:
            landing_folder.remove(home.landing, folder(home, receipt))
        return receipt

    monkeypatch.setattr(landing, "land", land_and_lose)
    receipt = deliver_and_land(home, ledger, "1", NOW)
    assert len(times) == 2
    assert all((home.landing / file).exists() for file in receipt.landed_files)


def test_of_what_is_published_as_sums_only_the_receipt_stays(home: Home, ledger: Ledger) -> None:
    first = deliver_and_land(home, ledger, "1", NOW)
    shown = published(ledger, NOW)
    sums = replace(shown, build_id="b2", partitions=tuple(replace(one, has_lines=False) for one in shown.partitions))
    ledger.record_publication(sums)

    def remove_then() -> list[Path]:
        return landing_removal.remove_unneeded(home, ledger, [sums], LIMITS, now=NOW + 2 * DAY, keep=KEEP)

    assert remove_then() == [folder(home, first)]
    assert [path.name for path in folder(home, first).iterdir()] == ["receipt.json"]
    assert ledger.current_receipts() == [first]
    assert remove_then() == []
    # Asked for again, the receipt alone is not taken for the lines.
    again = landing.land(first.delivery, home, known_currencies={}, now=NOW + 2 * DAY)
    assert landing_folder.has_lines(home.landing, again)


def test_a_ledger_from_a_backup_learns_what_is_gone(home: Home, ledger: Ledger) -> None:
    first = deliver_and_land(home, ledger, "1", NOW)
    deliver_and_land(home, ledger, "2", NOW + DAY)
    landing_folder.remove(home.landing, folder(home, first))
    remove(home, ledger, NOW + DAY)
    assert row(ledger, first)["lines_removed_at"] == NOW + DAY
    deliver(home, "1", NOW + 2 * DAY)
    [again] = land(home, ledger, NOW + 2 * DAY)
    assert landing_folder.has_lines(home.landing, again)


def test_a_landing_that_was_never_recorded_goes_after_a_day(home: Home, ledger: Ledger) -> None:
    deliver(home, "1", NOW)
    [delivery] = pipeline.landing.discover(str(home.root / "exports"), "cloud")
    ledger.record_seen(delivery, NOW)
    lost = landing.land(delivery, home, known_currencies={}, now=NOW)
    deliver_and_land(home, ledger, "2", NOW + DAY)
    os.utime(folder(home, lost), ((NOW + DAY).timestamp(), (NOW + DAY).timestamp()))
    assert remove(home, ledger, NOW + 1.5 * DAY) == []
    assert remove(home, ledger, NOW + 2.5 * DAY) == [folder(home, lost)]
