"""What can be wrong with where digests go, in which words it is said."""

from pathlib import Path

import pytest

from mlspend.adapters import config

START = "company: Northwind\nsources: []\n"


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "mlspend.yml"
    path.write_text(START + text)
    return [f"{each.key}: {each.message}" for each in config.check(path)]


def test_all_keys_are_taken_and_teams_may_differ(tmp_path: Path) -> None:
    text = """
teams:
  - {name: a, slack_channel: "#a", language: fr, time_zone: Europe/Paris, emails: [a.b+c@example.com]}
  - {name: b, slack_channel: "#b"}
digest:
  channel: "#all"
  emails: [all@example.com]
  send_at: "Tue 07:30"
  language: en
  management: {channel: "#all", emails: [cfo@example.com], language: fr, time_zone: Asia/Tokyo}
"""
    assert problems(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('digest: {send_at: "09:00"}', 'digest.send_at: .*"Mon 09:00"'),
        ('digest: {send_at: "Mon 25:00"}', 'digest.send_at: .*"Mon 09:00"'),
        ("digest: {language: de}", "digest.language: is 'de'; write one of en, fr"),
        ("digest: {time_zone: Europe/Pari}", "digest.time_zone: is 'Europe/Pari'.*did you mean Europe/Paris"),
        ("digest: {management: {time_zone: CEST}}", "digest.management.time_zone: is 'CEST'"),
        ("teams: [{name: a, time_zone: Mars/Base}]", r"teams\[0\].time_zone: is 'Mars/Base'"),
        ("digest: {emails: [nobody]}", r"digest.emails\[0\]: is 'nobody'"),
        ('digest: {emails: ["a@b.example, c@d.example"]}', r"digest.emails\[0\]"),
        ('digest: {emails: ["a@b.example\\nBcc: c@d.example"]}', r"digest.emails\[0\]"),
        ("digest: {management: {channel: leads}}", "digest.management.channel: is 'leads'"),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(tmp_path: Path, text: str, said: str) -> None:
    import re

    (problem,) = problems(tmp_path, text)
    assert re.match(said, problem), problem


def test_teams_that_share_a_channel_read_one_message_in_one_language(tmp_path: Path) -> None:
    text = """
teams:
  - {name: a, slack_channel: "#both", language: fr}
  - {name: b, slack_channel: "#both"}
  - {name: c, slack_channel: "#both", language: fr, time_zone: Europe/Paris}
"""
    assert problems(tmp_path, text) == [
        "teams[1].language: is 'en', and 'a' gets the same message in #both with 'fr': write the same for both, or give"
        " each team its channel",
        "teams[2].time_zone: is 'Europe/Paris', and 'a' gets the same message in #both with 'UTC': write the same for"
        " both, or give each team its channel",
    ]
