"""Runs a map: a jq program that turns an item of a source into products of our own format."""

from __future__ import annotations

import asyncio
import json
import re
from asyncio import StreamReader, StreamWriter, create_subprocess_exec
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from signal import SIGALRM
from typing import Any, Self, cast

import jq
import msgspec

from medusa_sync.core.run_settings import ADJUST, MAP
from medusa_sync.errors import SettingsError, SourceError
from medusa_sync.redact import shortened
from medusa_sync.sources.base import Item
from medusa_sync.sources.child import command, environment
from medusa_sync.sources.maps import BUILT_IN, names_of, path_of, text_of, worker
from medusa_sync.sources.maps.names import Names
from medusa_sync.sources.text import one_line

LONGEST_S = 10  # for an item

_LONGEST = 300  # characters of a message
_DEEPEST = 100  # objects and lists within one another
_NO_OBJECT = "it is not an object"
_TOO_DEEP = f"it has more than {_DEEPEST} objects and lists within one another"
_DIGITS = 20
MAX_NUMBER = 2**53  # jq keeps numbers in double precision, so larger ones would be joined

_GROUP = re.compile(r"^# group: (.+)$", re.MULTILINE)
_LONG_NUMBER = re.compile(rb"[0-9]{16}")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"')
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_UNAVAILABLE = ("env", "input", "inputs", "halt", "halt_error", "now", "modulemeta")
# A program must neither read secrets nor drop items, and its results must depend on the item alone.
_SHADOWS = "".join(f'def {name}: error("{name} is not available in a map"); ' for name in _UNAVAILABLE)
_SHADOWS += "def halt_error($_): halt; {} as $ENV | ("
_LINES = Path(__file__).with_name("functions.jq").read_text(encoding="utf-8").splitlines()
_FUNCTIONS = " ".join(line for line in _LINES if not line.startswith("#"))  # on one line


class Program:
    """A compiled map, or program of `--adjust`.

    It runs in a process of its own, without our environment: a program that does not end blocks nothing, and
    is stopped. The context starts and ends the process.

    Args:
        name: of a file, or of a map that comes with this tool.
        text: the program, if it is not that of the file.
        option: that names it.

    Attributes:
        path: of its file.
        is_built_in: it comes with this tool.
        group: gives the group of an item, and others to join with it, as texts; None for single items.
        digest: of the program.

    Raises:
        SettingsError: there is no such file, or it is not a valid program.
    """

    def __init__(self, name: str, text: str = "", *, option: str = MAP) -> None:
        known = {each.name for each in BUILT_IN} if option == MAP else set[str]()
        self._option = option
        self.is_built_in = name in known
        self.path = path_of(name) if self.is_built_in else Path(name)
        self.name = name if self.is_built_in else self.path.name
        try:
            text = text or self.path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            hint = f"one of {', '.join(sorted(known))}" if known else "a jq program"
            problem = f"{option}: {name} cannot be read ({reason}); expected a file, or {hint}"
            raise SettingsError([problem]) from error
        self._own_text = text
        self.digest = blake2b(text.encode(), digest_size=6).hexdigest()
        grouping = _GROUP.search(text)
        if grouping and option == ADJUST:
            raise SettingsError([f"{option}: a line `# group:` has no effect on products; use it in a map"])
        self.group = Program(name, f"{grouping[1]}\n| filled | tojson") if grouping else None
        today = f'def today: "{datetime.now(UTC).date()}"; '
        self._text = f"{today}{_SHADOWS}{_FUNCTIONS}\n{text_of(text)}\n) | tojson"
        try:
            jq.compile(self._text)
        except ValueError as error:
            problem = f"{option}: {self.name} is not a valid jq program: {_reason(text, error)}"
            raise SettingsError([problem]) from error

    def reads(self, name: str) -> bool:
        """Whether the program has the name of a field."""
        return bool(self._names.known(name))

    @cached_property
    def _names(self) -> Names:
        return names_of(self.name) if self.is_built_in else Names(self._own_text)

    async def __aenter__(self) -> Self:
        try:
            self._process = await create_subprocess_exec(
                *command(worker.__name__, LONGEST_S),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                limit=2 * worker.MAX_SIZE,
                env=environment(),
            )
        except OSError as error:
            raise _not_started(error.strerror or str(error)) from error
        try:
            await self._begin()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _begin(self) -> None:
        with suppress(ConnectionError):  # it has ended
            await self._send([json.dumps(self._text).encode()])
        if not await cast(StreamReader, self._process.stdout).readline():
            said = await cast(StreamReader, self._process.stderr).read()
            status = await self._process.wait()
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            raise _not_started(one_line(last[:_LONGEST]) or f"it has ended with status {status}")

    async def __aexit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.communicate()

    async def made_of(self, items: Sequence[Item]) -> AsyncGenerator[tuple[Item, list[Any], str], None]:
        """What the program makes of items: each with its parts, and its problem or the error after them.

        Raises:
            SourceError: it does not end, or the process has ended.
        """
        texts = [_text_or_problem(item) for item in items]
        sending = asyncio.create_task(self._send([text for text, problem in texts if not problem]))
        try:
            for item, (_, problem) in zip(items, texts, strict=True):
                if problem:
                    yield item, [], problem
                    continue
                answer = await cast(StreamReader, self._process.stdout).readline()
                if not answer:
                    raise await self._ended(item)
                try:
                    parts, error = ([], _TOO_DEEP) if _is_deep(answer) else msgspec.json.decode(answer)
                except msgspec.ValidationError:  # jq can write some that are beyond double precision
                    parts, error = [], "it gives a number that is too large"
                yield item, parts, f"{self.name}: {one_line(shortened(error, _LONGEST))}" if error else ""
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, lines: Sequence[bytes]) -> None:
        stdin = cast(StreamWriter, self._process.stdin)
        for line in lines:
            stdin.write(line + b"\n")
            await stdin.drain()

    async def _ended(self, item: Item) -> SourceError:
        status = await self._process.wait()
        # What --adjust gives is written while more of the source is read.
        kind, nothing = ("map", "written") if self._option == MAP else ("program", "removed")
        if status == -SIGALRM:
            problem = f"{self.name} takes longer than {LONGEST_S} s for {item.place}"
            ends = f"Check that the {kind} ends for each item."
            return SourceError(problem, hint=f"Nothing was {nothing}. {ends}")
        problem = f"{self.name}: the process of the {kind} has ended at {item.place} (status {status})"
        return SourceError(problem, hint=f"Nothing was {nothing}. Does the {kind} need too much memory?")


def _text_of(item: Any) -> bytes:
    """JSON on one line, with large numbers as texts."""
    is_json = isinstance(item, msgspec.Raw)  # else it may have what a database gives, such as a date
    text = bytes(item) if is_json else json.dumps(item, default=msgspec.to_builtins).encode()
    if _LONG_NUMBER.search(text):
        text = json.dumps(json.loads(text, parse_int=_exact)).encode()
    return text.replace(b"\n", b" ").replace(b"\r", b" ")


def _text_or_problem(item: Item) -> tuple[bytes, str]:
    if item.problem:
        return b"", item.problem
    try:
        text = _text_of(item.value)
    except RecursionError:
        return b"", _TOO_DEEP
    except TypeError as error:
        return b"", f"it cannot be written as JSON: {error}"
    if not text.lstrip().startswith((b"{", b"[")):
        return b"", _NO_OBJECT
    return text, _TOO_DEEP if _is_deep(text) else ""


def _is_deep(text: bytes) -> bool:
    """Whether JSON has too many objects and lists within one another; decoding it could fail."""
    if text.count(b"{") + text.count(b"[") <= _DEEPEST:
        return False
    brackets = _STRING.sub(b"", text).translate(None, _NO_BRACKETS)
    return max(accumulate(1 if each in b"{[" else -1 for each in brackets)) > _DEEPEST


def _not_started(reason: str) -> SourceError:
    return SourceError(
        f"The process that runs maps cannot be started: {reason}",
        hint="Nothing was written. Is its memory limited (`ulimit -v`)? Does it need a variable to start?",
    )


def _exact(digits: str) -> int | str:
    return digits if len(digits) > _DIGITS or abs(int(digits)) > MAX_NUMBER else int(digits)


def _reason(text: str, error: ValueError) -> str:
    """What jq says about a program by itself, so with its own lines."""
    above = 0
    for functions in ("", f"{_FUNCTIONS}\n"):  # an import must be at the very start
        try:
            jq.compile(functions + text)
        except ValueError as own:
            error, above = own, functions.count("\n")
            if "is not defined" not in str(own):
                break
    reason = str(error).removeprefix("jq: error: ").partition("\njq: ")[0].strip()
    return re.sub(r"\bline ([0-9]+)", lambda line: f"line {int(line[1]) - above}", reason)
