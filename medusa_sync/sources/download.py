"""A file at a URL."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from msgspec import structs

from medusa_sync.errors import SourceError
from medusa_sync.http import Download, HttpClient
from medusa_sync.response import Response
from medusa_sync.sources.refusal import refusal


async def download(http: HttpClient, url: str) -> Download:
    """Request a file; its URL is not changed, because it may be signed.

    Raises:
        SourceError: there is no response, or its status is not 200.
    """
    parts = urlsplit(url)
    shown = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    got = await http.download(shown, query=parts.query, headers={"accept": "*/*"})
    if isinstance(got, Response):
        raise refusal(shown, got, http.redactor)
    if got.error is None and got.head.next_url is not None:
        reason = f"{shown}: the file is one page of several: its Link header names the next one"
        got = structs.replace(got, error=SourceError(reason, hint=_ONE_PAGE))
    return got


_ONE_PAGE = "Nothing was removed. Pages are followed only from a URL that does not end like a file."
