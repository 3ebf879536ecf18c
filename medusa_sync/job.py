"""The `sync-products` job: builds one run from settings and runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx

from medusa_sync import __version__
from medusa_sync.errors import MedusaSyncError, SourceError, StoreError
from medusa_sync.http import HttpClient
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.client import LOGIN_PATH, ApiKey, Credentials, Login, MedusaClient
from medusa_sync.medusa.references import Wanted
from medusa_sync.models import Outcome, Requests, RunResult
from medusa_sync.settings import Settings
from medusa_sync.source import SAMPLE, FileSource, HttpSource, Source
from medusa_sync.sync import Observer, PlanOptions, Run, SyncOptions

JOB_NAME = "sync-products"
_TIMEOUT = httpx.Timeout(connect=10.0, read=60.0, write=60.0, pool=60.0)  # seconds
_HEADERS = {"user-agent": f"medusa-sync/{__version__}", "accept": "application/json"}


class _Silent:
    """An observer that looks away."""

    def fetched(self, seen: int, total: int | None) -> None:
        """Progress that nobody watches."""

    def settled(self, outcome: Outcome) -> None:
        """The same."""


def sync_products(settings: Settings, observer: Observer | None = None) -> RunResult:
    """Run once, whatever happens: problems of source, store and products are in the result.

    Args:
        settings: from `settings.load`.
        observer: told of progress.
    """
    return asyncio.run(_sync(settings, observer or _Silent()))


async def _sync(settings: Settings, observer: Observer) -> RunResult:
    requests = Requests()
    async with _source(settings, requests) as source, _store(settings, requests) as api:
        return await Run(source, api, _options(settings), requests, observer).execute()


@asynccontextmanager
async def _source(settings: Settings, requests: Requests) -> AsyncIterator[Source]:
    if "://" not in settings.source:
        path = SAMPLE if settings.source == "sample" else Path(settings.source)
        yield FileSource(path, source_name=settings.source_name)
        return

    def unavailable(message: str) -> MedusaSyncError:
        return SourceError(
            message, hint="Is the source up? Check --source (SYNC_PRODUCTS_SOURCE), or run again later."
        )

    def count(_method: str, _url: str) -> None:
        requests.source += 1

    # The source gets no credentials, so that its redirects may be followed.
    async with httpx.AsyncClient(headers=_HEADERS, timeout=_TIMEOUT, follow_redirects=True) as client:
        http = HttpClient(
            client,
            max_retries=settings.max_retries,
            unavailable=unavailable,
            on_request=count,
            on_retry=lambda: _count_retry(requests),
        )
        yield HttpSource(http, settings.source, source_name=settings.source_name)


@asynccontextmanager
async def _store(settings: Settings, requests: Requests) -> AsyncIterator[AdminApi | None]:
    credentials = _credentials(settings)
    if credentials is None:
        yield None
        return

    def unavailable(message: str) -> MedusaSyncError:
        hint = (
            "Is the store up? Check --medusa-url (MEDUSA_BACKEND_URL); the next run completes what is left."
        )
        return StoreError(f"{settings.medusa_url}: {message}", hint=hint)

    def count(method: str, url: str) -> None:
        if method == "GET" or url == LOGIN_PATH:
            requests.store_reads += 1
        else:
            requests.store_writes += 1

    async with httpx.AsyncClient(base_url=settings.medusa_url, headers=_HEADERS, timeout=_TIMEOUT) as client:
        http = HttpClient(
            client,
            max_retries=settings.max_retries,
            unavailable=unavailable,
            on_request=count,
            on_retry=lambda: _count_retry(requests),
        )
        yield AdminApi(MedusaClient(http, credentials))


def _count_retry(requests: Requests) -> None:
    requests.retries += 1


def _credentials(settings: Settings) -> Credentials | None:
    if settings.api_key is not None:
        return ApiKey(settings.api_key.reveal())
    if settings.email is not None and settings.password is not None:
        return Login(settings.email, settings.password.reveal())
    return None


def _options(settings: Settings) -> SyncOptions:
    return SyncOptions(
        job=JOB_NAME,
        source_name=settings.source_name,
        source_url=_without_query(settings.source),
        store_url=settings.medusa_url,
        wanted=Wanted(
            currency=settings.currency,
            sales_channel=settings.sales_channel,
            shipping_profile=settings.shipping_profile,
            stock_location=settings.stock_location,
        ),
        status=settings.status,
        plan=PlanOptions(settings.on_conflict, settings.overwrite, settings.adopt),
        on_missing=settings.on_missing,
        max_removals=settings.max_removals,
        dry_run=settings.dry_run,
        batch_size=settings.batch_size,
        max_retries=settings.max_retries,
        limit=settings.limit,
    )


def _without_query(source: str) -> str:
    """The source as it may be shown: the query of a URL may hold a token."""
    if "://" not in source:
        return source
    parts = urlsplit(source)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
