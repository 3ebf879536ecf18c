"""What to do if a source refuses a request."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from medusa_sync.errors import SourceError
from medusa_sync.redact import Redactor
from medusa_sync.response import Response, describe_response
from medusa_sync.sources.decoding import CHECK_SOURCE

_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Set SYNC_PRODUCTS_SOURCE_AUTHORIZATION to the value of the header.",
    HTTPStatus.FORBIDDEN: "Check SYNC_PRODUCTS_SOURCE_AUTHORIZATION, and what these credentials may read.",
}


def refusal(url: str, response: Response, redactor: Redactor) -> SourceError:
    """The error for a response with another status than 200."""
    hint = _HINTS.get(response.status, CHECK_SOURCE)
    return SourceError(f"{url}: {describe_response(response, redactor)}", hint=hint)
