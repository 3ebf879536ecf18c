"""The command line: the only place that prints errors and sets exit codes."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from medusa_sync import __version__
from medusa_sync.errors import EXIT_CHANGES, MedusaSyncError
from medusa_sync.settings import ENV_FILE, OPTIONS, Option, Settings, load

logger = logging.getLogger(__name__)

EXIT_UNEXPECTED = 1
_THIS_MACHINE = frozenset({"localhost", "::1"})

app = typer.Typer(
    name="medusa-sync",
    help="Keep the products of an external catalogue in step with a Medusa v2 store.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, secrets among them
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"medusa-sync {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[  # its callback does the work
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Keep the products of an external catalogue in step with a Medusa v2 store."""


def _option(option: Option) -> Any:
    """Everything is read as text here and checked in `settings`, so that all mistakes are told at once."""
    default = "" if option.default in {None, "false"} else rf" \[default: {option.default}]"
    no = f"/--no-{option.flag.removeprefix('--')}" if option.is_switch else ""
    return typer.Option(
        option.flag + no,
        help=rf"{option.meaning}{default} \[env: {option.variable}]",  # rich reads markup here
        metavar=option.metavar,
        rich_help_panel=option.group,
        show_default=False,
    )


_Text = str | None
_Switch = bool | None


@app.command(
    epilog="Secrets: MEDUSA_API_KEY, or MEDUSA_EMAIL and MEDUSA_PASSWORD, from the environment or .env."
)
def products(
    source: Annotated[_Text, _option(OPTIONS["source"])] = None,
    source_name: Annotated[_Text, _option(OPTIONS["source_name"])] = None,
    limit: Annotated[_Text, _option(OPTIONS["limit"])] = None,
    medusa_url: Annotated[_Text, _option(OPTIONS["medusa_url"])] = None,
    currency: Annotated[_Text, _option(OPTIONS["currency"])] = None,
    status: Annotated[_Text, _option(OPTIONS["status"])] = None,
    sales_channel: Annotated[_Text, _option(OPTIONS["sales_channel"])] = None,
    shipping_profile: Annotated[_Text, _option(OPTIONS["shipping_profile"])] = None,
    stock_location: Annotated[_Text, _option(OPTIONS["stock_location"])] = None,
    on_conflict: Annotated[_Text, _option(OPTIONS["on_conflict"])] = None,
    overwrite: Annotated[_Switch, _option(OPTIONS["overwrite"])] = None,
    adopt: Annotated[_Switch, _option(OPTIONS["adopt"])] = None,
    on_missing: Annotated[_Text, _option(OPTIONS["on_missing"])] = None,
    max_removals: Annotated[_Text, _option(OPTIONS["max_removals"])] = None,
    dry_run: Annotated[_Switch, _option(OPTIONS["dry_run"])] = None,
    batch_size: Annotated[_Text, _option(OPTIONS["batch_size"])] = None,
    max_retries: Annotated[_Text, _option(OPTIONS["max_retries"])] = None,
    connect_timeout: Annotated[_Text, _option(OPTIONS["connect_timeout"])] = None,
    read_timeout: Annotated[_Text, _option(OPTIONS["read_timeout"])] = None,
    max_duration: Annotated[_Text, _option(OPTIONS["max_duration"])] = None,
    lock_dir: Annotated[_Text, _option(OPTIONS["lock_dir"])] = None,
    exit_code: Annotated[_Switch, _option(OPTIONS["exit_code"])] = None,
    job_name: Annotated[_Text, _option(OPTIONS["job_name"])] = None,
    json: Annotated[_Switch, _option(OPTIONS["json"])] = None,
    quiet: Annotated[_Switch, _option(OPTIONS["quiet"])] = None,
    verbose: Annotated[_Switch, _option(OPTIONS["verbose"])] = None,
    report: Annotated[_Text, _option(OPTIONS["report"])] = None,
    metrics_file: Annotated[_Text, _option(OPTIONS["metrics_file"])] = None,
    ping_url: Annotated[_Text, _option(OPTIONS["ping_url"])] = None,
    env_file: Annotated[_Text, _option(ENV_FILE)] = None,
) -> None:
    """Bring the products of the source into the store: new ones, changed ones, and nothing else."""
    raise typer.Exit(_run(locals()))


def _run(flags: Mapping[str, str | bool | None]) -> int:
    """Run once and print what became of it; returns the exit code."""
    # Imported here, so that --help and --version do not wait for an HTTP client.
    from msgspec import structs

    from medusa_sync import publish, report
    from medusa_sync.job import sync_products

    out, err = report.make_console(sys.stdout), report.make_console(sys.stderr)
    try:
        settings = load(flags)
        publish.check(settings)
    except MedusaSyncError as error:
        report.print_error(str(error), error.hint, err)
        return error.exit_code
    _log_to_stderr(settings)
    _warn_of_plain_http(settings)
    still = settings.quiet or settings.verbose  # log lines and bars do not share a terminal
    publish.begin(settings)
    try:
        with report.progress_observer(err, quiet=still, dry_run=settings.dry_run) as observer:
            result = sync_products(settings, observer, handle_signals=True)
    except MedusaSyncError as error:
        report.print_error(str(error), error.hint, err)
        return error.exit_code
    except Exception as error:  # the last resort: a defect of this program
        logger.debug("unexpected", exc_info=True)
        report.print_error(
            settings.without_secrets(f"Unexpected {type(error).__name__}: {error}"),
            "This is a defect of medusa-sync. Run with --verbose to see where, and report it.",
            err,
        )
        return EXIT_UNEXPECTED
    if settings.exit_code and settings.dry_run and result.exit_code == 0 and result.changes:
        result = structs.replace(result, exit_code=EXIT_CHANGES)
    if settings.json:
        report.print_json(result, out)
    elif result.seen > 0 and (not settings.quiet or result.exit_code != 0):
        report.print_result(result, out, verbose=settings.verbose)
    if result.error:
        report.print_error(result.error, result.hint, err)
    try:
        publish.end(settings, result)
    except MedusaSyncError as error:
        report.print_error(str(error), error.hint, err)
        return result.exit_code or error.exit_code
    return result.exit_code


class _Discreet(logging.Formatter):
    """One line a record with its time in UTC, and no secret in it, not even in a traceback."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime
        self._settings = settings

    def format(self, record: logging.LogRecord) -> str:
        return self._settings.without_secrets(super().format(record))


def _log_to_stderr(settings: Settings) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Discreet(settings))
    quiet_level = logging.ERROR if settings.quiet else logging.WARNING
    logging.basicConfig(
        level=logging.DEBUG if settings.verbose else quiet_level, handlers=[handler], force=True
    )
    for library in ("httpx", "httpcore", "asyncio"):  # they would log headers, the authorization among them
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.getLogger("stamina").setLevel(logging.ERROR)  # repeats are logged where they happen


def _warn_of_plain_http(settings: Settings) -> None:
    parts = urlsplit(settings.medusa_url)
    host = parts.hostname or ""
    has_secret = settings.api_key is not None or settings.password is not None
    if has_secret and parts.scheme == "http" and host not in _THIS_MACHINE and not host.startswith("127."):
        logger.warning("the credentials go to %s unencrypted; use https", settings.medusa_url)
