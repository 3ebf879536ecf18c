"""Builds a run from the settings, and runs it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import replace
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from msgspec import Struct

from medusa_sync import errors
from medusa_sync.app.connections import HEADERS, Connect, connector
from medusa_sync.app.lock import run_lock
from medusa_sync.app.signals import Signals, ending
from medusa_sync.core.ids import source_id_of
from medusa_sync.core.kinds.copying import PUBLIC, Copying
from medusa_sync.core.kinds.images import IMAGES
from medusa_sync.core.kinds.prices import with_own_price
from medusa_sync.core.placement import PlacementSettings
from medusa_sync.core.policy import AVAILABLE, Delay, OnMissing, Share
from medusa_sync.core.result import Requests, RunResult
from medusa_sync.core.selection import PlanSettings, Selection
from medusa_sync.http import Downloads
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.client import LOGIN_PATH, ApiKey, Credentials, Login, MedusaClient
from medusa_sync.redact import Redactor, hiding, redacted
from medusa_sync.redirects import check_redirect
from medusa_sync.report.progress import Progress
from medusa_sync.settings.load import NO_CREDENTIALS, contradictions
from medusa_sync.settings.options import OPTIONS, PLANNED, UNDOING, Settings
from medusa_sync.settings.secrets import public_part
from medusa_sync.sources.api import rate_of
from medusa_sync.sources.delivery import MappingOptions
from medusa_sync.sources.open import open_source
from medusa_sync.stop import Stop
from medusa_sync.sync.mode import Apply, Mode, Sync, Undo
from medusa_sync.sync.run import Observer, Run
from medusa_sync.sync.settings import RunSettings

if TYPE_CHECKING:
    from medusa_sync.images import Images
    from medusa_sync.sources.plan import Plan

Filled = TypeVar("Filled", bound=Struct)


def sync_products(
    settings: Settings,
    observer: Observer | None = None,
    *,
    signals: Signals | None = None,
    redactor: Redactor | None = None,
    downloads: Downloads | None = None,
) -> RunResult:
    """Sync once. The result describes all errors of the source, the store and the products.

    Other programs, such as an Airflow task, can call it. Only the command writes reports and metrics, and
    sends pings.

    Args:
        settings: from `load_settings`, or constructed directly.
        observer: notified of progress.
        signals: receives SIGINT and SIGTERM, which end the run gracefully.
        redactor: hides the secrets of `settings` and login tokens. Default: a new one.
        downloads: of earlier runs with the same settings, at first `{}`; only what has changed is sent again.

    Raises:
        SettingsError: credentials are missing, and it is not a dry run; or settings contradict each other.
        InterruptedRunError: a second signal stopped the run immediately.
        MedusaSyncError: it is called from async code, where `asyncio.to_thread` can call it.
    """
    problems, plan = [*contradictions(settings)], None
    if _credentials(settings) is None and not settings.dry_run:
        problems.append(NO_CREDENTIALS)
    if problems:
        raise errors.SettingsError(problems)
    _check_not_async()
    if settings.apply_plan is not None:
        from medusa_sync.sources.plan import Plan  # few runs need it

        plan = Plan(Path(settings.apply_plan))
        settings = settings_of_plan(settings, plan)
    redactor = redactor or Redactor(settings.secrets())
    with hiding(redactor):
        result = asyncio.run(_sync(settings, observer or Progress(), signals, redactor, downloads, plan))
    return redacted(result, redactor)


def settings_of_plan(settings: Settings, plan: Plan) -> Settings:
    """The settings that a plan was made with; it has passed the guards.

    Raises:
        SettingsError: it is a plan for another store or source.
    """
    header = plan.header
    for name, planned in (("medusa_url", header.store), ("source_name", header.source_name)):
        if planned != getattr(settings, name):
            raise plan.error(f"it is for {planned}; {OPTIONS[name].spelling} is {getattr(settings, name)}")
    none = {option.name: None for option in PLANNED if option.default is None}
    # A forged plan must not choose other settings, such as where the API key is sent.
    given = {option: header.settings.get(option.name) for option in PLANNED}
    values = {}
    for option, text in ((option, text) for option, text in given.items() if text is not None):
        try:
            values[option.name] = option.read(text)
        except ValueError as error:
            raise plan.error(f"it has {option.flag} {text!r}: {error}") from error
    guards = {"source": header.source, "max_removals": Share(100, is_percentage=True)}
    undone = {"undo": header.source} if plan.undoes else {}
    return replace(settings, **{**none, **values, **guards, **undone})


def _check_not_async() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    hint = "Use await asyncio.to_thread(sync_products, settings)."
    raise errors.MedusaSyncError("sync_products cannot be called from async code", hint=hint)


async def _sync(
    settings: Settings,
    observer: Observer,
    signals: Signals | None,
    redactor: Redactor,
    downloads: Downloads | None,
    plan: Plan | None,
) -> RunResult:
    stop = Stop()
    with ending(signals, stop) if signals else nullcontext():
        folder = Path(settings.lock_dir) if settings.lock_dir is not None else None
        names = settings.job_name, settings.medusa_url, settings.source_name
        lock = run_lock(*names, shard=settings.shard, folder=folder)
        return await run_once(
            *(settings, observer, stop, redactor),
            mode=None if plan is None else mode_of_plan(plan),
            downloads=downloads,
            lock=nullcontext() if settings.dry_run else lock,  # a dry run only reads
        )


async def run_once(  # noqa: PLR0913 - some caller replaces each of them
    settings: Settings,
    observer: Observer,
    stop: Stop,
    redactor: Redactor,
    *,
    mode: Mode | None = None,
    downloads: Downloads | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    to_images: httpx.AsyncBaseTransport | None = None,
    lock: AbstractContextManager[object],
) -> RunResult:
    """Run once in this event loop.

    Args:
        settings: of the run.
        observer: notified of progress.
        stop: ends the run.
        redactor: hides secrets in errors.
        mode: what the run is for; None for what the settings say.
        downloads: of earlier runs.
        transport: of requests to the store, instead of the network.
        to_images: the same for images.
        lock: held while the run may write.
    """
    if settings.undo is not None and mode is None:
        from medusa_sync.app.kept import path_of  # few runs need it

        settings = replace(settings, undo=path_of(settings, settings.undo))
    requests = Requests()
    connect = connector(settings, requests, stop, redactor)
    async with AsyncExitStack() as stack:
        opened = _mode(settings, requests, partial(connect, kept=downloads))
        mode = await stack.enter_async_context(opened if mode is None else nullcontext(mode))
        to_store = partial(connect, transport=transport)
        api = await stack.enter_async_context(_store(settings, requests, to_store))
        of_run = _run_settings(settings)
        to_hosts = partial(connect, transport=to_images)
        images = await stack.enter_async_context(_images(of_run, requests, to_hosts))
        run = Run(mode, api, of_run, requests, observer, stop, images=images)
        try:
            with lock:
                return await run.execute()
        except (errors.LockedError, errors.LockUnavailableError) as error:
            stop.set(error)
            return await run.execute()


def mode_of_plan(plan: Plan) -> Mode:
    """What a run that carries out a plan is for."""
    # What a run created is among the removed products.
    planned = Undo(plan, {}, plan.undone, plan.header.source) if plan.undoes else Sync(plan)
    return Apply(planned, plan.removed)


@asynccontextmanager
async def _mode(settings: Settings, requests: Requests, connect: Connect) -> AsyncIterator[Mode]:
    if settings.undo is not None:
        from medusa_sync.app.kept import known_runs
        from medusa_sync.app.undo import undone_run

        run = undone_run(settings.undo, settings.source_name, settings.medusa_url, *known_runs(settings))
        yield Undo(run, run.created, run.run_id, run.spelling)
        return
    hint = "Check that the source is up, and --source (SYNC_PRODUCTS_SOURCE). Then run again."

    def count(_method: str, _url: str) -> None:
        requests.source += 1

    headers = HEADERS | {"accept": "application/json, */*;q=0.5"}
    if (authorization := settings.authorization()) is not None:
        headers["authorization"] = authorization

    # httpx does not send the authorization to another host, port or scheme.
    to_source = partial(
        connect,
        partial(errors.SourceError, hint=hint),
        count,
        rate_of(settings.source),
        headers=headers,
        follow_redirects=True,
        event_hooks={"response": [check_redirect]},
    )
    mapping = MappingOptions(
        settings.source_name,
        settings.currency,
        settings.sale_prices,
        is_available=settings.stock_is == AVAILABLE,
    )
    async with open_source(
        settings.source,
        settings.source_format,
        to_source,
        mapping,
        settings.source_map,
        settings.min_products,
        adjust=settings.adjust,
    ) as source:
        yield Sync(source)


@asynccontextmanager
async def _store(settings: Settings, requests: Requests, connect: Connect) -> AsyncIterator[AdminApi | None]:
    credentials, url = _credentials(settings), settings.medusa_url
    if credentials is None:
        yield None
        return

    def unavailable(message: str) -> errors.MedusaSyncError:
        hint = "Check that the store is up, and --medusa-url (MEDUSA_BACKEND_URL). Then run again."
        return errors.StoreError(f"{url}: {message}", hint=hint)

    def count(method: str, path: str) -> None:
        if method == "GET" or path == LOGIN_PATH:
            requests.store_reads += 1
        else:
            requests.store_writes += 1

    async with connect(unavailable, count, headers=HEADERS, base_url=url) as client:
        yield AdminApi(MedusaClient(client, credentials, url=url))


@asynccontextmanager
async def _images(
    settings: RunSettings, requests: Requests, connect: Connect
) -> AsyncIterator[Images | None]:
    if settings.copying is None:
        yield None
        return
    from medusa_sync.images import AllowedHosts, Images  # few runs need it

    hosts = settings.copying.hosts

    def count(_method: str, _url: str) -> None:
        requests.source += 1

    async with connect(
        lambda message: errors.ImageError(message.partition(": ")[2]),
        count,
        guard=partial(AllowedHosts, hosts=hosts - {PUBLIC}, allows_public=PUBLIC in hosts),
        headers=HEADERS | {"accept": "image/*"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=True,
        max_redirects=5,
    ) as client:
        yield Images(client)


def _credentials(settings: Settings) -> Credentials | None:
    if settings.api_key is not None:
        return ApiKey(settings.api_key.reveal())
    if settings.email is not None and settings.password is not None:
        return Login(settings.email, settings.password.reveal())
    return None


def _run_settings(settings: Settings) -> RunSettings:
    if settings.undo is not None:  # what the run created is removed
        from medusa_sync.app.kept import called

        removes = OnMissing.DRAFT if settings.on_missing is OnMissing.KEEP else settings.on_missing
        settings = replace(settings, source=called(settings.undo), on_missing=removes, **UNDOING)

    def named(names: Iterable[str]) -> frozenset[str]:
        return frozenset(with_own_price(dict.fromkeys(names), settings.currency))

    sides = with_own_price(settings.on_conflict.sides, settings.currency)
    settings = replace(settings, on_conflict=replace(settings.on_conflict, sides=sides))
    plan = _filled(
        PlanSettings,
        settings,
        selection=Selection(settings.only and named(settings.only), named(settings.skip or ())),
        create=not settings.no_create,
        update=not settings.no_update,
        amount_limit=settings.max_price_change,
        explains=settings.product is not None and settings.verbose,
    )
    return _filled(
        RunSettings,
        settings,
        job=settings.job_name,
        source_url=public_part(settings.source),
        store_url=settings.medusa_url,
        wanted=_filled(PlacementSettings, settings),
        max_duration_s=settings.max_duration,
        products=_source_ids(settings),
        delay=Delay(int(time.time()), settings.remove_after or 0),
        plan=plan,
        saves_plan=settings.dry_run and settings.save_plan is not None,
        copying=_copying(settings),
    )


def _copying(settings: Settings) -> Copying | None:
    if settings.copy_images is None or settings.undo is not None:
        return None
    again = settings.overwrite and IMAGES in (settings.only or ())
    asks = not settings.dry_run or settings.verbose or again
    return Copying(settings.copy_images, int(time.time()), again=again, asks=asks)


def _source_ids(settings: Settings) -> frozenset[str] | None:
    """The ids of the chosen products, which may be given as in the store; None for all."""
    if settings.product is None:
        return None
    return frozenset(source_id_of(settings.source_name, each) or each for each in settings.product)


def _filled(kind: type[Filled], settings: Settings, **others: Any) -> Filled:
    """Settings of the engine: an attribute that is called like a setting has its value."""
    names = [name for name in kind.__struct_fields__ if hasattr(settings, name)]
    return kind(**{name: getattr(settings, name) for name in names}, **others)
