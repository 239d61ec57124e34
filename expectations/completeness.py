"""What must be there because it was there before: days, accounts, providers, services, projects, and owners."""

from expectations.rules import Suites, no_rows

_SEGMENT = "x_source, billing_period, dimension, segment, billing_currency, cost_before, share_before, last_date"


def suites() -> Suites:
    """Return the expectations per asset."""
    return {"days": _days(), "segments": _segments(), "coverage": _coverage()}


def _days() -> list:
    columns = "x_source, billing_period, charge_date, line_count, line_count_before, compared_with"
    return [
        no_rows(
            "days_have_their_lines",
            f"select {columns} from {{batch}} where is_known and not may_go_on",
            "hold",
            "A day without use, or with half its usual lines between two usual days, was not delivered whole: totals"
            " of its week and month would be too low, and look like savings.",
        ),
        no_rows(
            "newest_day_has_its_lines",
            f"select {columns} from {{batch}} where is_known and may_go_on",
            "warn",
            "The newest complete day has less than half its usual lines: much may have been switched off, or part of it"
            " is missing. The next complete day tells: where that one is usual again it was a gap, and held.",
        ),
        no_rows(
            "days_of_a_new_source_have_their_lines",
            f"select {columns} from {{batch}} where not is_known",
            "warn",
            "The same of a source of which nothing is published: there is no good state to hold to.",
        ),
    ]


def _segments() -> list:
    def rule(name: str, effect: str, which: str, reason: str) -> object:
        query = f"select {_SEGMENT}, compared_with from {{batch}} where {which}"
        return no_rows(name, query, effect, reason)  # type: ignore[arg-type]

    return [
        rule(
            "accounts_and_providers_are_still_there",
            "hold",
            "is_known and dimension in ('account', 'provider')",
            "An account or a provider that cost money on most days seldom ends from one day to the next; far more often"
            " the export's scope or a permission changed.",
        ),
        rule(
            "services_are_still_there_after_a_restatement",
            "hold",
            "is_known and dimension = 'service' and compared_with = 'what is published'",
            "Use that was billed does not become unused: a restated month without one of its services is not whole.",
        ),
        rule(
            "services_are_still_there",
            "warn",
            "is_known and dimension = 'service' and compared_with <> 'what is published'",
            "Teams do switch a service off for good; accounts and days show whether the export lost it.",
        ),
        rule(
            "projects_are_still_there",
            "warn",
            "is_known and dimension = 'project'",
            "Projects end and are renamed, and tags get lost: all money is there, somebody should look whose it is.",
        ),
        rule(
            "segments_of_a_new_source_are_still_there",
            "warn",
            "not is_known",
            "The same of a source of which nothing is published: there is no good state to hold to.",
        ),
    ]


def _coverage() -> list:
    return [
        no_rows(
            "owner_coverage_holds",
            """select x_source, billing_period, whose, owner, percent_before, percent_now, billing_currency,
                compared_with
            from {batch}""",
            "warn",
            "A share of the money lost its owner: a tag key or a rule no longer matches. The totals are right.",
        )
    ]
