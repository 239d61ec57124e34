"""What must hold of columns: all that the export kind needs are landed and typed; what else came or did not is told."""

from expectations.rules import Suites, no_rows


def suites() -> Suites:
    """Return the expectations per asset."""
    return {"landed_columns": _landed(), "delivered_columns": _delivered(), "changed_columns": _changed()}


def _landed() -> list:
    return [
        no_rows(
            "landed_columns_are_those_of_the_export_kind",
            """select x_source, billing_period, column_name, is_required, wanted, found from {batch}
            where found is distinct from wanted and (is_required or found is not null)
            order by is_required desc, column_name""",
            "hold",
            "Landing refuses a delivery that lacks a required column, and gives every other one its type: a landed file"
            " that differs was changed afterwards.",
        )
    ]


def _delivered() -> list:
    return [
        no_rows(
            "optional_columns_are_delivered",
            """select x_source, billing_period, export_kind, absent_count, absent_columns
            from {batch} where absent_count > 0""",
            "inform",
            "An optional column that was not delivered is NULL in every line; what is made of it says not enough"
            " evidence.",
        ),
        no_rows(
            "delivered_columns_are_known",
            """select x_source, billing_period, export_kind, extra_count, extra_columns
            from {batch} where extra_count > 0""",
            "inform",
            "Columns that no export kind knows are kept as they are in x_extra.",
        ),
    ]


def _changed() -> list:
    return [
        no_rows(
            "columns_are_as_published_before",
            """select x_source, billing_period, column_name, change, published_period from {batch}
            order by column_name""",
            "warn",
            "The export's definition was changed, or the provider changed it: what was landed is whole, but columns"
            " that are gone are NULL from now on, and a type that changed may have rounded amounts on the way.",
        )
    ]
