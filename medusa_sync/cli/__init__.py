"""The command line, built from the table of options."""

from __future__ import annotations

import gc
from inspect import Parameter, Signature
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from medusa_sync import __version__
from medusa_sync.settings.option import Option
from medusa_sync.settings.options import ALL_OPTIONS

app = typer.Typer(
    name="medusa-sync",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, which include secrets
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"medusa-sync {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[  # read by its callback
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Sync the products of an external catalogue to a Medusa v2 store."""


class _Command(TyperCommand):
    """A command whose help is made from the table of options."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from medusa_sync.cli.help import render_help  # a run needs no rich

        formatter.write(render_help(ctx.command_path, self.help or ""))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # Typer has its own copy of click's exceptions
            if nearest := getattr(error, "possibilities", None):
                error.possibilities = nearest[:1]  # type: ignore[attr-defined]  # it has them
            raise


def _parameter(option: Option) -> Parameter:
    """Return the parameter of an option; `load_settings` parses its text, to report all problems at once."""

    def complete(incomplete: str) -> list[str]:
        return option.completions(incomplete)

    info = typer.Option(
        f"{option.flag}/{option.opposite}" if option.opposite else option.flag,
        help=option.help,  # for completion
        autocompletion=complete,
    )
    kind = bool if option.is_switch else str
    return Parameter(
        option.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, info]
    )


def products(*, print_settings: bool = False, **flags: str | bool | None) -> None:
    """Sync the products of the source to the store: create new products and update changed ones."""
    gc.disable()  # imports create no garbage; looking for it takes 5 % of a run in which nothing changed
    from medusa_sync.app.command import execute, show_settings  # --help needs no HTTP client

    gc.freeze()
    gc.enable()
    raise typer.Exit(show_settings(flags) if print_settings else execute(flags))


products.__signature__ = Signature(  # type: ignore[attr-defined]  # PEP 362: Typer reads it
    [_parameter(option) for option in ALL_OPTIONS if option.flag]
)
app.command(cls=_Command)(products)
