"""Regular expressions of the configuration, compiled by the engine that will run them."""

from collections.abc import Sequence

from mlspend.adapters import duckdb_files
from mlspend.adapters.config_ownership_checks import Found
from mlspend.adapters.yaml_lines import Place

# RE2 refuses programs that are too large by itself; a longer text is no rule somebody can read.
_LONGEST_PATTERN = 1000


def check_patterns(written: Sequence[tuple[Place, str]]) -> Found:
    """Have DuckDB compile every regular expression: RE2 takes no time that grows faster than the text."""
    if not written:
        return
    with duckdb_files.connect() as connection:
        for place, pattern in written:
            if len(pattern) > _LONGEST_PATTERN:
                yield place, f"is longer than {_LONGEST_PATTERN} characters; part it into several rules"
                continue
            try:
                connection.execute(f"select regexp_matches('', {duckdb_files.quote(pattern)})")
            except duckdb_files.Error as error:
                reason = str(error).splitlines()[0].partition(": ")[2]
                yield (
                    place,
                    f"is {pattern!r}, no regular expression that RE2 knows ({reason}); it has neither lookaround nor"
                    " back references, and repeats at most 1000 times",
                )
