"""Reads NDJSON (JSON Lines): one product per line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import msgspec

from medusa_sync.errors import SourceError
from medusa_sync.sources import lenient
from medusa_sync.sources.base import Entry, Refused
from medusa_sync.sources.decoding import LONGEST, entry

_CHUNK = 256 * 1024  # bytes
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_ndjson(stream: BinaryIO, detected: Callable[[str], object]) -> Iterator[Entry | Refused]:
    """Read one product after another; a line that is no product is refused alone.

    Args:
        stream: UTF-8.
        detected: called with the name of the format.

    Raises:
        SourceError: the last line is incomplete, or the file is UTF-16.
    """
    detected("NDJSON")
    for number, line in enumerate(_lines(stream), 1):
        if number == 1 and line.startswith(_UTF16_MARKS):
            raise SourceError("the file is UTF-16", hint="Save it as UTF-8, the only encoding of NDJSON.")
        content = line.removeprefix(_UTF8_MARK if number == 1 else b"").rstrip(b"\r\n")
        if len(content) <= LONGEST and not content.strip():
            continue
        place = f"line {number}"
        try:
            read = _read(content, place)
        except ValueError as error:
            if not line.endswith(b"\n"):
                raise SourceError(
                    f"{place}: the file ends in the middle of a product",
                    hint="Nothing was removed. Write the whole file, then run again.",
                ) from error
            read = Refused(None, place, str(error))
        yield read


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Each line with its line break; what is far beyond `LONGEST` is left out."""
    line = bytearray()
    while chunk := stream.read(_CHUNK):
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            line += part[: LONGEST + 1 - len(line)]
            yield bytes(line) + b"\n"
            line.clear()
        line += rest[: LONGEST + 1 - len(line)]
    if line:
        yield bytes(line)


def _read(line: bytes, place: str) -> Entry | Refused:
    """Decode a line.

    Raises:
        ValueError: why it cannot be decoded.
    """
    if len(line) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST // 2**20} MB")
    try:
        return entry(_decode(line), msgspec.Raw(line), place)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error.msg} in column {error.colno})") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _decode(line: bytes) -> Any:
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(line)
    return lenient.decode(line)  # for example NaN or a lone surrogate
