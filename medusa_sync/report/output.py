"""Where output goes: a terminal gets colour and folded lines, everything else whole lines of plain text."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO, TypeAlias

from medusa_sync.report.text import visible

if TYPE_CHECKING:  # rich is loaded for a terminal alone: a run of cron does not wait for it
    from rich.console import Console
    from rich.text import Text

_INDENT = 2
_NARROWEST = 10  # columns; a terminal that is narrower, or says so, breaks lines itself


@dataclass(frozen=True)
class Pipe:
    """Anything but a terminal."""

    file: TextIO
    is_terminal = False

    @property
    def encoding(self) -> str:
        return (getattr(self.file, "encoding", None) or "utf-8").lower()


class _Nowhere(io.StringIO):
    """Takes everything and keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


Output: TypeAlias = "Console | Pipe"


def output_to(stream: TextIO | None) -> Output:
    """What suits the stream: rich's console for a terminal, else a pipe; nowhere for one that was closed.

    Only a terminal that understands escape sequences counts as one. FORCE_COLOR and its like do not turn a
    pipe into a terminal, so that what reads the pipe can rely on plain lines.
    """
    if stream is None:  # as Python has it where a program is started with `>&-`
        return Pipe(_Nowhere())
    if isinstance(stream, io.TextIOWrapper):
        # A character that the stream cannot encode is spelt out; it does not end the program.
        stream.reconfigure(errors="backslashreplace")
    capable = stream.isatty() and os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}
    return _console(stream) if capable else Pipe(stream)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    coloured = not os.environ.get("NO_COLOR")
    console = Console(
        file=stream,
        force_terminal=True,
        # With no_color alone rich would still send bold and dim.
        color_system="auto" if coloured else None,
        no_color=not coloured,
        highlight=False,
        markup=False,
        emoji=False,
    )
    # Rich prints nothing at all into no columns; a width that is set no longer follows the terminal's.
    if console.width < _NARROWEST:  # noqa: PLR1730 - see above
        console.width = _NARROWEST
    return console


@contextmanager
def dropped_at_exit(output: Output) -> Iterator[None]:
    """Drop what could not be written to the end; Python would try again while it exits, and complain."""
    try:
        yield
    finally:
        try:
            output.file.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, output.file.fileno())


def say(output: Output, *parts: str | tuple[str, str], indent: int = 0, hang: int = 0) -> None:
    """Print one line, folded to the width of a terminal and whole in a pipe.

    Args:
        output: where to.
        parts: pieces of the line, each alone or with its style; what comes from outside is `visible`.
        indent: spaces before the line.
        hang: more spaces before what is folded.
    """
    if isinstance(output, Pipe):
        line = "".join(part if isinstance(part, str) else part[0] for part in parts)
        output.file.write(f"{' ' * indent}{line}\n")
    else:
        _say_on_terminal(output, parts, indent, hang)


def _say_on_terminal(
    console: Console, parts: tuple[str | tuple[str, str], ...], indent: int, hang: int
) -> None:
    from rich.text import Text

    line = Text.assemble(*parts)
    whole = line.cell_len <= console.width - indent
    first, *others = [line] if whole else _folded(line, console, indent + hang)
    console.print(Text(" " * indent) + first, soft_wrap=True)
    for rest in others:
        console.print(Text(" " * (indent + hang)) + rest, soft_wrap=True)


def _folded(line: Text, console: Console, margin: int) -> Iterator[Text]:
    width = max(console.width - margin, _NARROWEST)
    for part in line.wrap(console, width, overflow="fold"):
        part.rstrip()
        yield part


def print_error(message: str, hint: str, output: Output) -> None:
    """Say what went wrong and, indented, what to do about it.

    Args:
        message: may have several lines.
        hint: in one line; empty for none.
        output: of stderr.
    """
    first, *others = message.split("\n")
    say(output, ("error: ", "bold red"), visible(first))
    for line in others:
        text = line.lstrip(" ")
        say(output, visible(text), indent=max(len(line) - len(text), _INDENT))
    if hint:
        say(output, (visible(hint), "yellow"), indent=_INDENT)
