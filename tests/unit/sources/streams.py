"""Streams that deliver their bytes in pieces, and what readers make of them."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, cast

import msgspec
from hypothesis import strategies as st

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Entry, Refused
from medusa_sync.sources.content import Stream

Reader = Callable[[BinaryIO, Callable[[str], object]], Iterator[Entry | Refused]]

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


def in_pieces(body: bytes, sizes: Sequence[int], error: SourceError | None = None) -> BinaryIO:
    """A stream that gets its bytes in pieces of these sizes, and raises the error at its end."""
    position, number = 0, 0

    def more() -> bytes:
        nonlocal position, number
        size = sizes[number % len(sizes)]
        piece = body[position : position + size]
        position, number = position + len(piece), number + 1
        if not piece and error is not None:
            raise error
        return piece

    return cast(BinaryIO, Stream(more))


def read(reader: Reader, stream: BinaryIO) -> tuple[list[Any], str]:
    """What a reader yields, decoded, and the message of its error."""
    found: list[Any] = []
    try:
        for each in reader(stream, lambda _: None):
            found.append(decoded(each))  # noqa: PERF401 - an error must not lose them
    except SourceError as error:
        return found, str(error)
    return found, ""


def decoded(entry: Entry | Refused) -> Any:
    if isinstance(entry, Entry) and isinstance(entry.product, msgspec.Raw):
        return json.loads(bytes(entry.product), parse_int=lambda digits: int(digits[:4000]))
    return entry
