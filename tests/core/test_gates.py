"""What follows from a build's checks, for any set of answers."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.check_effects import SEVERITIES, Effect
from mlspend.core.deliveries import CheckResult
from mlspend.core.gates import HeldDelivery, accepted_checks, decide

PLACES = [("aws", "2026-09"), ("aws", "2026-10"), ("lab", "2026-10")]
EFFECTS: tuple[Effect, ...] = ("stop", "hold", "warn", "inform")


@st.composite
def results(draw: st.DrawFn) -> CheckResult:
    source, period = draw(st.sampled_from([*PLACES, ("aws", None), (None, None)]))
    effect = draw(st.sampled_from(EFFECTS))
    return CheckResult(
        layer="focus",
        suite="focus_lines",
        expectation="rule",
        subject="focus_costs",
        is_success=draw(st.booleans()),
        is_evaluated=draw(st.sampled_from([True, True, False])),
        unexpected_count=1,
        severity=SEVERITIES[effect],
        x_source=source,
        billing_period=period,
        effect=effect,
        check_name=draw(st.sampled_from(["first", "second"])),
    )


@given(st.lists(results(), max_size=8), st.sets(st.sampled_from(PLACES)), st.sets(st.sampled_from(PLACES)))
def test_a_period_is_published_where_no_red_check_that_stops_or_holds_applies_to_it(
    answers: list[CheckResult], rebuilt: set[tuple[str, str]], accepted: set[tuple[str, str]]
) -> None:
    verdict = decide(answers, rebuilt, dict.fromkeys(accepted, ("first",)))
    red = [one for one in answers if not one.is_success or not one.is_evaluated]
    for place in rebuilt:
        stops = [one for one in red if one.effect == "stop"]
        nobodys = [one for one in red if one.effect == "hold" and one.x_source is None]
        own = [one for one in red if one.effect == "hold" and (one.x_source, one.billing_period) == place]
        not_accepted = [one for one in own if place not in accepted or one.check_name != "first"]
        is_published = not verdict.stopping and place not in verdict.held
        assert is_published == (not stops and not nobodys and not not_accepted)
    assert verdict.held.keys() <= rebuilt


def answer(effect: Effect, *, is_evaluated: bool, place: tuple[str | None, str | None]) -> CheckResult:
    return CheckResult("focus", "lines", "rule", "lines", False, is_evaluated, 0, "", "", *place, effect)


def test_what_could_not_be_evaluated_does_what_its_failure_would() -> None:
    for is_evaluated in (True, False):
        own = answer("hold", is_evaluated=is_evaluated, place=PLACES[0])
        shared = answer("hold", is_evaluated=is_evaluated, place=(None, None))
        told = answer("warn", is_evaluated=is_evaluated, place=PLACES[0])
        assert decide([own, told], PLACES).held == {PLACES[0]: (own,)}
        assert decide([own, told], PLACES).stopping == ()
        assert decide([shared], PLACES).stopping == (shared,)


def test_a_silent_source_holds_back_nothing_as_there_is_nothing_newer() -> None:
    silent = answer("hold", is_evaluated=True, place=("aws", None))
    assert decide([silent], PLACES) == decide([], PLACES)


def accepted(version: str, *acceptances: tuple[str, str | None]) -> HeldDelivery:
    moment = datetime(2026, 10, 2, tzinfo=UTC)
    listed = json.dumps([{"checks": [check], "until": until} for check, until in acceptances])
    return HeldDelivery("aws", "2026-10", version, "", moment, moment, (), acceptances=listed)


def test_what_was_accepted_of_a_version_adds_up_and_lasts_for_later_ones_only_where_said() -> None:
    held = [accepted("v2", ("first", None), ("second", "2026-10-20")), accepted("v1", ("third", None))]
    place = ("aws", "2026-10")
    last, after = "20261020T235959.999999Z", "20261021T000000.000000Z"
    for version, build_id, expected in (
        ("v2", last, {place: {"first", "second"}}),
        ("v2", after, {place: {"first", "second"}}),
        ("v3", last, {place: {"second"}}),
        ("v3", after, {}),
        ("v1", after, {place: {"third"}}),
    ):
        assert accepted_checks(held, {place: version}, build_id) == expected
    assert accepted_checks(held, {("lab", "2026-10"): "v2", ("aws", "2026-09"): "v2"}, last) == {}
