"""The command line: its options, its help, its version."""

from __future__ import annotations

import gc
from typing import Annotated, Any

import typer

from medusa_sync import __version__
from medusa_sync.settings import ENV_FILE, OPTIONS, Option

app = typer.Typer(
    name="medusa-sync",
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
    concurrency: Annotated[_Text, _option(OPTIONS["concurrency"])] = None,
    max_retries: Annotated[_Text, _option(OPTIONS["max_retries"])] = None,
    connect_timeout: Annotated[_Text, _option(OPTIONS["connect_timeout"])] = None,
    read_timeout: Annotated[_Text, _option(OPTIONS["read_timeout"])] = None,
    max_duration: Annotated[_Text, _option(OPTIONS["max_duration"])] = None,
    lock_dir: Annotated[_Text, _option(OPTIONS["lock_dir"])] = None,
    exit_code: Annotated[_Switch, _option(OPTIONS["exit_code"])] = None,
    job_name: Annotated[_Text, _option(OPTIONS["job_name"])] = None,
    loop: Annotated[_Switch, _option(OPTIONS["loop"])] = None,
    schedule: Annotated[_Text, _option(OPTIONS["schedule"])] = None,
    timezone: Annotated[_Text, _option(OPTIONS["timezone"])] = None,
    max_runs: Annotated[_Text, _option(OPTIONS["max_runs"])] = None,
    run_now: Annotated[_Switch, _option(OPTIONS["run_now"])] = None,
    json: Annotated[_Switch, _option(OPTIONS["json"])] = None,
    quiet: Annotated[_Switch, _option(OPTIONS["quiet"])] = None,
    verbose: Annotated[_Switch, _option(OPTIONS["verbose"])] = None,
    log_format: Annotated[_Text, _option(OPTIONS["log_format"])] = None,
    report: Annotated[_Text, _option(OPTIONS["report"])] = None,
    metrics_file: Annotated[_Text, _option(OPTIONS["metrics_file"])] = None,
    ping_url: Annotated[_Text, _option(OPTIONS["ping_url"])] = None,
    env_file: Annotated[_Text, _option(ENV_FILE)] = None,
) -> None:
    """Bring the products of the source into the store: new ones, changed ones, and nothing else."""
    flags = dict(locals())
    gc.disable()  # loading makes no garbage, and to look for it in vain would take 5 % of a quiet run
    from medusa_sync.app.command import execute  # --help and --version do not wait for an HTTP client

    gc.freeze()
    gc.enable()
    raise typer.Exit(execute(flags))
