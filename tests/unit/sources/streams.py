"""Streams that deliver their bytes in pieces, and what readers make of them."""

import io
import json
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

import msgspec
from hypothesis import strategies as st

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Item, Part, Reader, Reading
from medusa_sync.sources.content import File

CUT_OFF = SourceError("the stream is cut off")

sizes = st.lists(st.integers(1, 40), min_size=1, max_size=5)
"""Sizes of the pieces of a stream, repeated until its end."""

texts = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
products = st.lists(st.dictionaries(texts, values, max_size=4), max_size=6)


class Pieces(io.BytesIO):
    """Delivers its bytes in pieces of these sizes."""

    def __init__(self, body: bytes, sizes: Sequence[int]) -> None:
        super().__init__(body)
        self._sizes = sizes
        self._number = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = self._sizes[self._number % len(self._sizes)]
        self._number += 1
        return super().read(piece if size is None or size < 0 else min(size, piece))

    def read1(self, size: int | None = -1, /) -> bytes:
        return self.read(size)


def in_pieces(body: bytes, sizes: Sequence[int], error: SourceError | None = None) -> BinaryIO:
    """A file that gets its bytes in pieces of these sizes, and raises the error at its end."""

    def at_end() -> None:
        if error is not None:
            raise error

    return cast(BinaryIO, File(Pieces(body, sizes), lambda _error: None, at_end))


def read(reader: Reader, stream: BinaryIO) -> tuple[list[Any], str]:
    """What a reader yields, decoded, and the message of its error."""
    found: list[Any] = []
    try:
        for each in reader(stream, Reading(lambda _: None)):
            found.append(decoded(each))  # noqa: PERF401 - an error must not lose them
    except SourceError as error:
        return found, str(error)
    return found, ""


def decoded(part: Part) -> Any:
    if isinstance(part, Item) and isinstance(part.value, msgspec.Raw):
        return json.loads(bytes(part.value), parse_int=lambda digits: int(digits[:4000]))
    return part
