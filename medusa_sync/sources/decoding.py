"""Decodes JSON that may be broken."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from medusa_sync.errors import SourceError
from medusa_sync.sources import lenient
from medusa_sync.sources.base import Entry, Refused
from medusa_sync.sources.mapping import readable

CHECK_SOURCE = (
    "Check --source (SYNC_PRODUCTS_SOURCE): it must be the URL of the products, such as "
    "https://dummyjson.com/products."
)

LONGEST = 16 * 1024 * 1024
"""Bytes or characters of a product in a file; a longer one is not read into memory."""

T = TypeVar("T")


def decode(body: bytes, type_: type[T], subject: str, what: str, *, undecoded: type[T] | None = None) -> T:
    """Decode with msgspec, or leniently if that fails, so that only one product is rejected.

    Args:
        body: JSON.
        type_: the result.
        subject: of the error message.
        what: describes the type in the error message.
        undecoded: the type whose products are decoded one at a time, which takes less memory.

    Raises:
        SourceError: neither can decode it.
    """
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        body.decode()  # products are decoded later, so check here that all of it is UTF-8
        decoded: T = msgspec.json.decode(body, type=undecoded or type_)
        return decoded
    try:
        return msgspec.convert(lenient.decode(body), type_)
    except RecursionError as error:
        raise SourceError(f"{subject} is nested too deeply to be {what}", hint=CHECK_SOURCE) from error
    except msgspec.ValidationError as error:
        raise SourceError(f"{subject} is not {what}: {readable(error)}", hint=CHECK_SOURCE) from error
    except ValueError as error:  # not JSON, or not UTF-8
        kind = "is HTML, not JSON" if body.lstrip()[:1] == b"<" else f"is not complete JSON ({error})"
        raise SourceError(f"{subject} {kind}", hint=CHECK_SOURCE) from error


def entry(value: Any, raw: msgspec.Raw, place: str) -> Entry | Refused:
    """A product of a file; it is refused if it is no object.

    Args:
        value: what the file has in its place.
        raw: the same as JSON, which is decoded as in pages of the API.
        place: where it is.
    """
    if isinstance(value, dict):
        return Entry(raw)
    kind = "null" if value is None else "array" if isinstance(value, list) else type(value).__name__
    return Refused(None, place, f"Expected object, got {kind}")
