"""The command line, built from the table of options."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from inspect import Parameter, Signature
from textwrap import wrap
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from medusa_sync import __version__
from medusa_sync.errors import SettingsError
from medusa_sync.settings.option import GROUPS, Group, Option
from medusa_sync.settings.options import ALL_OPTIONS
from medusa_sync.settings.secrets import without_secret_arguments

_NARROW, _WIDEST = 70, 120  # columns
_START = 34  # the column of the texts about options
_HELP = "Show the most used options and exit."
_UsageError: Any = typer.BadParameter.__mro__[1]  # Typer does not export it


class _App(typer.Typer):
    def __call__(self, *args: Any, **options: Any) -> Any:
        try:
            return super().__call__(*args, **options)
        except OSError as error:  # the help or the version; a run reports its own errors
            with suppress(OSError):  # stderr cannot be written either
                typer.echo(
                    f"error: The output was not written to stdout: {error.strerror or error}.", err=True
                )
            sys.exit(2)


class _Group(TyperGroup):
    """Hides secrets of arguments in usage errors, and prints the document of `--json` for them, too."""

    _arguments: Sequence[str] = ()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        columns = _columns()
        shown: list[Any] = self.get_params(ctx)
        options = ((", ".join(reversed(each.opts)), each.help or "") for each in shown)
        commands = ((name, (each.help or "").partition("\n")[0]) for name, each in self.commands.items())
        formatter.write(
            "\n".join(
                [
                    ctx.get_usage(),
                    *_paragraphs(self.help or "", columns),
                    *(*_heading("Commands"), *_grid(commands, columns)),
                    *(*_heading("Options"), *_grid(options, columns)),
                ]
            )
        )

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **others: Any) -> Any:
        self._arguments = [*args]
        with self._reporting():
            return super().make_context(info_name, args, *rest, **others)

    def invoke(self, ctx: Any) -> Any:
        with self._reporting():
            return super().invoke(ctx)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except _UsageError as error:
            from medusa_sync.app.failure import refuse

            if not self._arguments:  # its message is the help
                typer.echo(error.format_message())
                raise typer.Exit(error.exit_code) from error
            error.message = without_secret_arguments(error.message)
            flags = {"json": True if "--json" in self._arguments else None}
            refuse(flags, SettingsError([error.format_message()]))
            raise typer.Exit(2) from error


app = _App(
    name="medusa-sync",
    cls=_Group,
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


def _folded(text: str, spaces: int, columns: int) -> list[str]:
    lines = wrap(" ".join(text.split()), columns - spaces, break_on_hyphens=False)
    return [" " * spaces + line for line in lines]


def _grid(rows: Iterable[tuple[str, str]], columns: int) -> Iterator[str]:
    """Yield names and the texts about them in two columns, or below each other if there is no room."""
    start = _START if columns >= _NARROW else 4
    for name, text in rows:
        first, *others = _folded(text, start, columns)
        if len(name) > start - 4:
            yield from (f"  {name}", first)
        else:
            yield f"  {name:{start - 4}}  {first.lstrip()}"
        yield from others


def _paragraphs(text: str, columns: int) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield from ("", *_folded(paragraph, 0, columns))


def _heading(text: str) -> tuple[str, str]:
    is_bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return "", typer.style(f"{text}:", bold=True) if is_bold else f"{text}:"


def _columns() -> int:
    return min(shutil.get_terminal_size().columns, _WIDEST)


class _Command(TyperCommand):
    shows_all = False

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write("\n".join(self._help(ctx.get_usage(), _columns())))

    def _help(self, usage: str, columns: int) -> Iterator[str]:
        """Yield the lines of the help; all options are in one grid."""
        yield usage
        yield from _paragraphs(self.help or "", columns)
        for group in GROUPS:
            yield from (*_heading(group), *_grid(self._rows(group), columns))
        for paragraph in (self.epilog or "").split("\n\n"):
            yield ""
            for line in paragraph.splitlines():
                yield from [line] if len(line) <= columns else _folded(line, 0, columns)

    def _rows(self, group: Group) -> Iterator[tuple[str, str]]:
        """Yield the name and the text of the options of a group that are shown."""
        for option in ALL_OPTIONS:
            if option.flag and option.group == group and (option.is_common or self.shows_all):
                yield f"{option.flag} {option.metavar}".rstrip(), f"{option.help}{option.shown_default}"
        if group == GROUPS[-1]:
            yield from (("--help-all", "Show all options and exit."), ("-h, --help", _HELP))


def _show_all_options(ctx: typer.Context, value: bool) -> None:
    if value and not ctx.resilient_parsing:  # a shell completes the line
        ctx.command.shows_all = True  # type: ignore[attr-defined]  # it is a _Command
        typer.echo(ctx.get_help())
        raise typer.Exit


def _parameters() -> Iterator[Parameter]:
    """Yield the parameter of each option, panel by panel."""
    for option in sorted(ALL_OPTIONS, key=lambda each: GROUPS.index(each.group)):
        if option.flag:
            yield _parameter(option)
    info = typer.Option(
        "--help-all",
        help="Show all options and exit.",
        callback=_show_all_options,
        is_eager=True,
    )
    yield Parameter("help_all", Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, info])


def _parameter(option: Option) -> Parameter:
    """Return the parameter of an option; `load_settings` parses its text, to report all problems at once."""
    info = typer.Option(
        f"{option.flag}/{option.opposite}" if option.opposite else option.flag,
        help=option.help,
        metavar=option.metavar or None,
        autocompletion=option.completions,
        rich_help_panel=option.group,
    )
    kind = bool if option.is_switch else list[str] if option.repeats else str
    return Parameter(
        option.name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, info]
    )


def products(*, print_settings: bool = False, **given: str | bool | list[str] | None) -> None:
    given.pop("help_all")  # its callback has read it
    flags = {name: "\n".join(v) or None if isinstance(v, list) else v for name, v in given.items()}
    gc.disable()  # imports create no garbage; looking for it takes 5 % of a run in which nothing changed
    from medusa_sync.app.command import execute, show_settings  # --help needs no HTTP client

    gc.freeze()
    gc.enable()
    raise typer.Exit(show_settings(flags) if print_settings else execute(flags))


products.__signature__ = Signature([*_parameters()])  # type: ignore[attr-defined]  # PEP 362: Typer reads it
_OWN = ", ".join(f"{each.flag} is {each.variable}" for each in ALL_OPTIONS if each.flag and each.own_variable)
_WITHOUT_FLAG = ", ".join(each.variable for each in ALL_OPTIONS if each.is_secret)
app.command(
    cls=_Command,
    help=f"""Sync the products of the source to the store: create new products and update changed ones.

Settings are options, else variables of the environment, else lines of a file .env: --batch-size is \
SYNC_PRODUCTS_BATCH_SIZE, {_OWN}.

Secrets have no option: {_WITHOUT_FLAG}. A switch is turned off by its opposite: --no-dry-run, --create. \
--help shows the most used options, --help-all shows all.""",
    epilog="""Exit codes: 0 done, 1 a bug, 2 invalid setting, 3 source, 4 store, 5 partly done, 6 guard, \
7 something to do (--exit-code), 75 locked by another run, 130 or 143 signal.

Examples:
  medusa-sync products --source a.csv --source-name shop --dry-run  # the plan
  medusa-sync products --only price,stock --quiet   # from cron, with .env
  medusa-sync products --loop --schedule @hourly    # keep running""",
)(products)
