"""The adapters from a shell. Exit 0: done; 1: the data or a check said no; 2: wrong use."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from mlspend import (
    cli_alerts,
    cli_clock,
    cli_close,
    cli_config,
    cli_digest,
    cli_explain,
    cli_gates,
    cli_invoices,
    cli_links,
    cli_listen,
    cli_reconcile,
    cli_rules,
    cli_tags,
)
from mlspend.core.errors import MlspendError

if TYPE_CHECKING:
    from mlspend.adapters.config import Config
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger
    from mlspend.core.periods import PeriodRange


class _Commands(TyperGroup):
    """Our own errors become a message and exit 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except MlspendError as error:
            from mlspend import cli_output

            cli_output.show_lines([f"mlspend: {error}"], err=True)
            raise typer.Exit(1) from error


_HELP = "Cloud billing exports in; every cent gets an owner; nothing goes out unproved."
app = typer.Typer(cls=_Commands, help=_HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
check_app = typer.Typer(help="Check that the configured sources answer.", invoke_without_command=True)
app.add_typer(cli_config.app, name="config")
app.add_typer(cli_links.app, name="links")
app.add_typer(cli_invoices.app, name="invoices")
app.command("reconcile")(cli_reconcile.reconcile)
app.add_typer(cli_tags.app, name="tags")
app.add_typer(cli_gates.app, name="gates")
app.add_typer(cli_rules.app, name="rules")
app.add_typer(cli_alerts.app, name="alerts")
cli_alerts.app.command("listen")(cli_listen.listen)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


@app.callback()
def main() -> None:
    """Prepare what every command needs: warnings go to standard error."""
    logging.basicConfig(level=logging.WARNING, format="mlspend: %(message)s")


@app.command()
def demo() -> None:
    """Run everything on the example company's bill under a small Airflow: what `make demo` does."""
    from mlspend import cli_demo

    cli_demo.run_and_show(_home())


@app.command()
def example(
    to: Annotated[Path, typer.Option("--to", help="Folder the export is written to.")],
    scale: Annotated[int, typer.Option(min=1, help="Multiplies the lines, for benchmarks.")] = 1,
    months: Annotated[int, typer.Option(min=1, help="How many billing periods.")] = 3,
    end: Annotated[str, typer.Option(help="The last billing period, YYYY-MM.")] = "2026-10",
) -> None:
    """Write the bill of an example company as an AWS CUR 2.0 export."""
    from mlspend.adapters import example_company

    example_company.write_exports(to, scale=scale, months=months, end=_period(end))
    typer.echo(f"wrote {months} billing periods to {to}", err=True)


@app.command()
def land(
    source: Annotated[str | None, typer.Argument(help="Name of one source; default: all of them.")] = None,
    accept_new_currency: Annotated[
        bool, typer.Option("--accept-new-currency", help="Take it as right that an account's currency changed.")
    ] = False,
    first: Annotated[str | None, typer.Option("--from", help="First billing period, YYYY-MM; default: all.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last billing period, YYYY-MM; default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Land the newest delivery of every billing period that is not landed yet, oldest first."""
    from mlspend import cli_reports

    periods = _periods(first, last)
    with _ledger() as ledger:
        landed = _land(source, ledger, accept_new_currency=accept_new_currency, periods=periods)
    cli_reports.show_landed(landed, as_json=as_json)
    raise typer.Exit(1 if any(one.rejections for one in landed) else 0)


@app.command()
def build(as_json: AsJson = False) -> None:
    """Build the warehouse privately from what is landed, and prove it."""
    from mlspend import cli_output, cli_reports
    from mlspend.adapters import pipeline

    with _ledger() as ledger, cli_output.progress() as tell:
        made = pipeline.build(_home(), _config(), ledger, now=cli_clock.now(), tell=tell)
    cli_reports.show_build(made, as_json=as_json)


app.add_typer(check_app, name="check")


@check_app.callback()
def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Ask every configured source what it has delivered; nothing is landed."""
    if context.invoked_subcommand is None:
        _check(None, as_json=as_json)


@check_app.command("source")
def check_source(name: Annotated[str, typer.Argument(help="Name of the source.")], as_json: AsJson = False) -> None:
    """Ask one source what it has delivered; nothing is landed."""
    _check(name, as_json=as_json)


@app.command()
def publish(
    to: Annotated[Path | None, typer.Option("--to", help="Write a self-contained copy of what is published.")] = None,
    build_id: Annotated[str | None, typer.Option("--publication", help="With --to: copy this kept one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let readers see the build that was proved; with --to, copy what is published into one file instead."""
    if build_id and to is None:
        raise typer.BadParameter("--publication says what --to FILE copies; an earlier state is not published again")
    from mlspend import cli_output, cli_reports
    from mlspend.adapters import pipeline, publication

    if to is not None:
        publication.copy_self_contained(_home(), to, build_id=build_id)
        return cli_reports.show_copy(to, as_json=as_json)
    with _ledger() as ledger, cli_output.progress() as tell:
        published = pipeline.publish(_home(), ledger, now=cli_clock.now(), tell=tell, retention=_config().retention)
    return cli_reports.show_publication(published, _home(), as_json=as_json)


@app.command()
def run(as_json: AsJson = False) -> None:
    """Do everything in order: land, build, prove, publish, alerts, digest. Exit 1 where anything was refused or held.

    What is wrong with one billing period of one source keeps nothing else from being published.
    """
    from mlspend import cli_output, cli_reports
    from mlspend.adapters import pipeline

    with _ledger() as ledger:
        landed = _land(None, ledger)
        if any(one.rejections for one in landed) and not ledger.current_receipts():
            cli_reports.show_landed(landed, as_json=as_json)
            raise typer.Exit(1)
        with cli_output.progress() as tell:
            made = pipeline.build(_home(), _config(), ledger, now=cli_clock.now(), tell=tell)
            if not made.is_unchanged:
                pipeline.publish(_home(), ledger, now=cli_clock.now(), tell=tell, retention=_config().retention)
        unsent = cli_alerts.send_or_tell(ledger)
        messages = cli_digest.send_due(ledger)
        is_held = any(one.is_open for one in ledger.held_deliveries())
    cli_reports.show_run(landed, made, messages, _home(), as_json=as_json)
    if unsent:
        raise unsent
    raise typer.Exit(1 if is_held or any(one.rejections for one in landed) else 0)


@app.command()
def status(
    max_age: Annotated[
        str | None, typer.Option("--max-age", help="Exit 1 where a source delivered nothing for longer: 90m, 36h, 3d.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was delivered, how fresh each source is, what is published, and what was sent."""
    limit = _age(max_age) if max_age is not None else None
    from mlspend import cli_freshness, cli_reports
    from mlspend.adapters import freshness

    with _ledger() as ledger:
        sources = freshness.read(_config(), ledger, cli_clock.now())
        cli_reports.show_status(ledger, _home(), sources, as_json=as_json)
    if limit and (too_old := [one for one in sources if one.last_delivered_at is None or one.age > limit]):
        cli_freshness.show_too_old(too_old, str(max_age))
        raise typer.Exit(1)


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="One SQL query; - reads it from standard input.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the questions mlspend brings along.")] = False,
    question: Annotated[str | None, typer.Option(metavar="SLUG", help="Ask one of these questions.")] = None,
    show: Annotated[str | None, typer.Option(metavar="SLUG", help="Print its SQL, ready to paste.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Of a question.")] = None,
    build_id: Annotated[str | None, typer.Option("--publication", help="Ask an earlier published state.")] = None,
    as_known_on: Annotated[str | None, typer.Option("--as-known-on", help="Ask what readers saw then, in UTC.")] = None,
    as_json: AsJson = False,
) -> None:
    """Query the published warehouse, read-only: in SQL, or by a question of the FOCUS library."""
    from mlspend import cli_publications, cli_questions

    asked = cli_questions.Asked(query, list_, question, show, settings or ())
    file = cli_publications.choose_file(_home(), build_id, as_known_on, now=cli_clock.now())
    cli_questions.answer(asked, _home(), file, as_json=as_json)


@app.command()
def publications(as_json: AsJson = False) -> None:
    """List the published states that can be opened again."""
    from mlspend import cli_publications

    cli_publications.show_publications(_home(), as_json=as_json)


@app.command("try")
def try_path(
    path: Annotated[str, typer.Argument(help="A folder, a file, or s3://bucket/prefix with somebody's own exports.")],
    keep: Annotated[Path | None, typer.Option(help="Keep the home that was made for it in this folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run everything on somebody's own exports, nothing configured, nothing left behind, and print the report."""
    scheme, found, _ = path.partition("://")
    if (found and scheme != "s3") or not (found or Path(path).exists()):
        raise typer.BadParameter(f"{path} is neither a folder or file here nor s3://bucket/prefix")
    from mlspend import cli_output, cli_reports
    from mlspend.adapters import trial

    # The report tells what is left out and what the checks say.
    logging.getLogger("mlspend").setLevel(logging.ERROR)
    with cli_output.progress() as tell:
        tried = trial.run(path, keep=keep, now=cli_clock.now(), tell=tell)
    cli_reports.show_trial(tried, as_json=as_json)
    raise typer.Exit(0 if tried.is_good else 1)


def _home() -> "Home":
    from mlspend.adapters.home import Home

    return Home.from_environment()


def _config() -> "Config":
    from mlspend.adapters import config

    return config.load()


def _ledger() -> "Ledger":
    from mlspend.adapters.ledger import Ledger

    return Ledger.open(_home())


def _period(text: str) -> str:
    from mlspend.core.periods import parse_period

    try:
        return parse_period(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _age(text: str) -> timedelta:
    from mlspend.core.freshness import parse_age

    try:
        return parse_age(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _periods(first: str | None, last: str | None) -> "PeriodRange":
    from mlspend.core.periods import PeriodRange

    try:
        return PeriodRange(first, last)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _sources(name: str | None) -> list[Any]:
    config = _config()
    return [config.source(name)] if name else list(config.sources)


def _land(
    name: str | None, ledger: "Ledger", *, accept_new_currency: bool = False, periods: "PeriodRange | None" = None
) -> list[Any]:
    from mlspend import cli_output
    from mlspend.adapters import pipeline
    from mlspend.core.periods import EVERY_PERIOD

    landed = []
    limits = _config().retention.limits(cli_clock.now())
    with cli_output.progress() as tell:
        for source in _sources(name):
            location = source.location_in(_home())
            one = pipeline.land(
                source.name,
                location,
                _home(),
                ledger,
                now=cli_clock.now(),
                tell=tell,
                accept_new_currency=accept_new_currency,
                periods=periods or EVERY_PERIOD,
                limits=limits,
            )
            landed.append(one)
    return landed


def _check(name: str | None, *, as_json: bool) -> None:
    from mlspend import cli_reports
    from mlspend.adapters import landing

    found, errors = {}, {}
    for source in _sources(name):
        try:
            found[source.name] = landing.discover(source.location_in(_home()), source.name)
        except MlspendError as error:
            errors[source.name] = str(error)
    cli_reports.show_found(found, errors, as_json=as_json)
    raise typer.Exit(1 if errors else 0)


cli_close.add_to(app)
app.command()(cli_digest.digest)
app.command()(cli_explain.explain)
