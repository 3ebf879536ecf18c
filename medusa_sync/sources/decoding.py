"""Decodes a JSON document that may be broken."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeVar

import msgspec

from medusa_sync.errors import SourceError
from medusa_sync.sources import lenient
from medusa_sync.sources.mapping import readable

CHECK_SOURCE = (
    "Check --source (SYNC_PRODUCTS_SOURCE): it must be the URL of the products, such as "
    "https://dummyjson.com/products."
)

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
