"""A company with two channels and about a thousand lines a month, delivered by AWS Data Exports below its home."""

import calendar

from mlspend.adapters.home import Home
from tests.aws_exports import cur2_line, write_data_export

CONFIG = """\
company: Small
sources:
  - {name: aws, provider: aws, location: exports}
projects:
  - {name: recommender, team: discovery}
teams:
  - {name: discovery, slack_channel: "#discovery"}
digest: {channel: "#all"}
"""
CHANNELS = ["#all", "#discovery"]


def write_export(home: Home, period: str, execution: str, *, lines: int, cost: float) -> None:
    """Usage on every day of the month, half of it with an owner."""
    days = calendar.monthrange(*map(int, period.split("-")))[1]
    write_data_export(
        home.root / "exports",
        [
            cur2_line(
                bill_billing_period_start_date=f"{period}-01 00:00:00",
                bill_billing_period_end_date=f"{period}-{days} 00:00:00",
                line_item_usage_start_date=f"{period}-{1 + number % days:02d} {number % 23:02d}:00:00",
                line_item_usage_end_date=f"{period}-{1 + number % days:02d} {number % 23 + 1:02d}:00:00",
                line_item_unblended_cost=cost + number / 1000,
                resource_tags={"user_project": "recommender"} if number % 2 else {"user_team": "nobody"},
            )
            for number in range(lines)
        ],
        period=period,
        execution=execution,
        parts=2,
    )
