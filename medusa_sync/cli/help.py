"""The help of the command: panels of options that fit the width of the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator
from io import StringIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from medusa_sync.report.output import Pipe, output_to
from medusa_sync.settings.option import GROUPS, Option
from medusa_sync.settings.options import ALL_OPTIONS

_SHARE = 3  # a third of the width is for flags; the help of a longer one begins in the next line
_GAP = 2
_BORDERS = 4
_OWN_HELP = Option("help", "Show this message and exit.", group="Output")
_EXAMPLES = (
    ("--dry-run", "show the plan"),
    ("--only price,stock --quiet", "often, from cron"),
    ("--loop --schedule @hourly", "keep running"),
)


def render_help(command: str, summary: str) -> str:
    """Render the help for stdout.

    Args:
        command: as it is called.
        summary: what it does.
    """
    output = output_to(sys.stdout)
    if isinstance(output, Pipe):
        width = shutil.get_terminal_size().columns
        console = Console(file=StringIO(), width=width, color_system=None, highlight=False, markup=False)
    else:
        console = output
    border = box.ROUNDED if output.encoding.startswith("utf") else box.ASCII
    with console.capture() as captured:
        for part in _parts(console, command, summary, border):
            console.print(part)
            console.print()
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _parts(console: Console, command: str, summary: str, border: box.Box) -> Iterator[RenderableType]:
    yield Text.assemble("Usage: ", (f"{command} [OPTIONS]", "bold"))
    yield Text(summary)
    yield Text(_rule())
    yield Group(*_panels(console.width, border))
    yield _examples(command)


def _rule() -> str:
    """Say which variable an option has."""
    named = [f"{each.flag} is {each.variable}" for each in ALL_OPTIONS if each.flag and each.own_variable]
    secrets = [each.variable for each in ALL_OPTIONS if each.is_secret]
    without = [each.flag for each in ALL_OPTIONS if not each.variable]
    return (
        "Each option is also a variable, of the environment or of .env: --batch-size is "
        f"SYNC_PRODUCTS_BATCH_SIZE. Exceptions: {', '.join(named)}; {', '.join(without)} has none; secrets "
        f"have no flag: {', '.join(secrets)}. Flags override the environment, which overrides .env. "
        "A switch is turned off by its opposite: --no-dry-run, --create."
    )


def _panels(width: int, border: box.Box) -> Iterator[Panel]:
    options = [each for each in (*ALL_OPTIONS, _OWN_HELP) if each.flag]
    column = min(max(len(_flag(each)) for each in options), width // _SHARE)
    for group in GROUPS:
        rows = [_row(each, column, width - _BORDERS) for each in options if each.group == group]
        yield Panel(Text("\n").join(rows), box=border, title=group, title_align="left", border_style="dim")


def _flag(option: Option) -> Text:
    flag = "-h, --help" if option is _OWN_HELP else option.flag
    return Text.assemble((flag, "bold cyan"), (f" {option.metavar}".rstrip(), "yellow"))


def _row(option: Option, column: int, width: int) -> Text:
    """The flag of an option, and beside it what it does and its default."""
    default = [] if option.default in {None, "false"} else [f"[default: {option.default}]"]
    lines = _folded([*option.help.split(), *default], width - column - _GAP)
    flag = _flag(option)
    margin = " " * (column + _GAP)
    row = Text.assemble(flag, "\n" + margin if len(flag) > column else margin[len(flag) :])
    return row.append(f"\n{margin}".join(lines))


def _folded(words: Iterable[str], width: int) -> list[str]:
    """Put words into lines; a default is one word."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".lstrip()
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line for line in lines if line]


def _examples(command: str) -> Text:
    width = max(len(arguments) for arguments, _ in _EXAMPLES)
    lines = [Text(f"  {command} {arguments:{width}}  # {purpose}") for arguments, purpose in _EXAMPLES]
    return Text("\n").join([Text("Examples:"), *lines])
