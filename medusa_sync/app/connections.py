"""Creates HTTP clients with the limits of a run."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from typing import Any, Self, TypeAlias

import httpx

from medusa_sync import __version__, errors
from medusa_sync.core.result import Requests
from medusa_sync.http import Downloads, HttpClient
from medusa_sync.redact import Redactor
from medusa_sync.retry import Rate
from medusa_sync.settings.options import Settings
from medusa_sync.stop import Stop

HEADERS = {
    "user-agent": f"medusa-sync/{__version__}",
    "accept": "application/json",
    "accept-encoding": "gzip",  # it proves its end
}

Connect: TypeAlias = Callable[..., AbstractAsyncContextManager[HttpClient]]


def connector(settings: Settings, requests: Requests, stop: Stop, redactor: Redactor) -> Connect:
    """A function that creates HTTP clients with the limits, counts and stop token of a run."""
    tls = _LazyTls()
    timeout = httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout)

    def count_retry() -> None:
        requests.retries += 1

    @asynccontextmanager
    async def connect(
        unavailable: Callable[[str], errors.MedusaSyncError],
        on_request: Callable[[str, str], None],
        rate: Rate | None = None,
        kept: Downloads | None = None,
        guard: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] | None = None,
        **others: Any,
    ) -> AsyncIterator[HttpClient]:
        if guard is not None:
            others["transport"] = guard(others.get("transport") or httpx.AsyncHTTPTransport(verify=tls))
        try:
            pool = httpx.AsyncClient(timeout=timeout, verify=tls, **others)
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            # What is said about a URL may have a part of the password.
            is_url = not isinstance(error, ImportError)
            reason = "expected a URL such as http://proxy.example.com:3128" if is_url else error
            problem = f"HTTP_PROXY, HTTPS_PROXY or ALL_PROXY: the proxy cannot be used ({reason})"
            raise errors.SettingsError([problem]) from error
        async with pool as client:
            yield HttpClient(
                client,
                max_retries=settings.max_retries,
                unavailable=unavailable,
                on_request=on_request,
                on_retry=count_retry,
                stop=stop,
                redactor=redactor,
                rate=rate,
                kept=kept,
            )

    return connect


class _LazyTls(ssl.SSLContext):
    """Loads the certificates, which is slow, once there is a TLS connection, maybe after a redirect."""

    def __new__(cls) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    @cached_property
    def _loaded(self) -> ssl.SSLContext:
        try:
            context = httpx.create_ssl_context()
        except OSError as error:
            problem = f"SSL_CERT_FILE: the certificates cannot be loaded ({error.strerror or error})"
            raise errors.SettingsError([problem]) from error
        context.set_alpn_protocols(["http/1.1"])  # httpcore sets those of `self`, which connects nothing
        return context

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        return self._loaded.wrap_bio(*args, **options)
