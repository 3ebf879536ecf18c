"""Prints to a terminal with colour and folded lines, and to everything else in plain unfolded lines."""

from __future__ import annotations

import errno
import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO, TypeAlias

from medusa_sync.report.escape import visible_lines
from medusa_sync.report.file import writing

if TYPE_CHECKING:  # only a terminal waits for rich; a run from cron does not
    from rich.console import Console

logger = logging.getLogger(__name__)

_INDENT = 2
_READER_LEFT = {errno.EPIPE, errno.EIO}  # of a pipe, or of a terminal that was closed
_NARROWEST = 10  # columns; a narrower terminal breaks lines itself


@dataclass(frozen=True)
class Pipe:
    """An output that is not a terminal."""

    file: TextIO
    is_terminal = False

    @property
    def encoding(self) -> str:
        return (getattr(self.file, "encoding", None) or "utf-8").lower()


class _Nowhere(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


Output: TypeAlias = "Console | Pipe"


def output_to(stream: TextIO | None) -> Output:
    """Return a rich console for a terminal that understands escape sequences, otherwise a pipe.

    FORCE_COLOR and similar variables do not turn a pipe into a terminal: its reader gets plain lines.
    """
    if stream is None:  # the program was started with `>&-`
        return Pipe(_Nowhere())
    if isinstance(stream, io.TextIOWrapper):
        # Escape characters that the stream cannot encode, instead of failing.
        stream.reconfigure(errors="backslashreplace")
    capable = stream.isatty() and os.environ.get("TERM", "").lower() not in {"dumb", "unknown"}
    return _console(stream) if capable else Pipe(stream)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    coloured = not os.environ.get("NO_COLOR")
    console = Console(
        file=stream,
        force_terminal=True,
        # With only no_color, rich would still send bold and dim.
        color_system="auto" if coloured else None,
        no_color=not coloured,
        highlight=False,
        markup=False,
        emoji=False,
    )
    # Rich prints nothing at a width of zero. Once set, the width no longer follows the terminal.
    if console.width < _NARROWEST:  # noqa: PLR1730 - see above
        console.width = _NARROWEST
    return console


def are_one_file(first: Output, second: Output) -> bool:
    """Whether two outputs go to the same file or pipe, as after `2>&1`; a terminal does not count."""
    if first.is_terminal or second.is_terminal:
        return False
    try:
        return os.path.sameopenfile(first.file.fileno(), second.file.fileno())
    except OSError:  # at least one has no file
        return False


@contextmanager
def lossy(output: Output) -> Iterator[Output]:
    """Ignore that stderr is full or gone: that must not end a run, and cannot be reported."""
    with suppress(OSError):
        yield output
        output.file.flush()


@contextmanager
def discard_unwritten(output: Output) -> Iterator[None]:
    """Discard what cannot be flushed at the end; Python would retry at exit and print an error."""
    try:
        yield
    finally:
        try:
            output.file.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, output.file.fileno())


@contextmanager
def printing(what: str, output: Output, hint: str = "") -> Iterator[None]:
    """Flush what is printed here; raise `ReportError` if it cannot be written, unless its reader left."""
    with writing(f"{what} not written to stdout", hint):
        try:
            yield
            output.file.flush()
        except OSError as error:
            if error.errno not in _READER_LEFT:
                raise
            logger.debug("the reader of stdout closed it", extra={"event": "stdout_closed"})


def print_line(output: Output, *parts: str | tuple[str, str], indent: int = 0, hang: int = 0) -> None:
    """Print a line of parts with or without a style; external text in them must be `visible`.

    A terminal folds it to its width, and puts `hang` more spaces than `indent` before folded lines.
    """
    if isinstance(output, Pipe):
        line = "".join(part if isinstance(part, str) else part[0] for part in parts)
        output.file.write(f"{' ' * indent}{line}\n")
        return
    from rich.text import Text

    whole = Text.assemble(*parts)
    lines = [whole]
    if whole.cell_len > output.width - indent:
        lines = [*whole.wrap(output, max(output.width - indent - hang, _NARROWEST), overflow="fold")]
    for number, text in enumerate(lines):
        if len(lines) > 1:
            text.rstrip()
        output.print(Text(" " * (indent + (hang if number else 0))) + text, soft_wrap=True)


def print_error(message: str, hint: str, output: Output) -> None:
    """Print an error, which may have several lines, and what to do next, if there is a hint."""
    with lossy(output):
        first, *others = visible_lines(message)
        print_line(output, ("error: ", "bold red"), first)
        for line in others:
            text = line.lstrip(" ")
            print_line(output, text, indent=max(len(line) - len(text), _INDENT))
        for line in visible_lines(hint) if hint else ():
            print_line(output, (line, "yellow"), indent=_INDENT)
