"""What products refer to by id: store defaults, categories, tags. Each is looked up once and created once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from medusa_sync.core.stored import StoredCategory, StoredTag
from medusa_sync.errors import AmbiguousWriteError, StoreMismatchError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi, Entity, StoreDefaults
from medusa_sync.stop import Stop

T = TypeVar("T")
_SHIPPING_PROFILE = "--shipping-profile (SYNC_PRODUCTS_SHIPPING_PROFILE)"
_AT_ONCE = 4  # tags or categories that are created at the same time; there is no batch call for them


class Wanted(Struct, frozen=True):
    """What the settings name; None means the store's default.

    Attributes:
        currency: ISO code in lower case.
        sales_channel: name or id (`sc_...`).
        shipping_profile: name or id (`sp_...`).
        stock_location: name or id (`sloc_...`).
    """

    currency: str
    sales_channel: str | None = None
    shipping_profile: str | None = None
    stock_location: str | None = None


class Placement(Struct, frozen=True):
    """Where new products go.

    Attributes:
        location_id: None when the store has no stock location: variants are then not managed.
    """

    sales_channel_id: str
    shipping_profile_id: str
    location_id: str | None


class CategoryNames(Protocol):
    def __call__(self) -> Awaitable[Mapping[str, str]]: ...


async def find_placement(api: AdminApi, wanted: Wanted) -> Placement:
    """Check what the settings name against the store, and fill in its defaults.

    Medusa itself accepts a currency or a sales channel that does not exist.

    Raises:
        StoreMismatchError: the store does not have what is named, or has no default.
        StoreError: the store cannot be asked.
    """
    store = await api.defaults()
    currencies = sorted(currency.currency_code for currency in store.supported_currencies)
    if wanted.currency not in currencies:
        raise StoreMismatchError(
            f"The store does not sell in {wanted.currency!r}, only in: {', '.join(currencies) or 'nothing'}",
            hint="Add it in the admin (Settings > Store), or set --currency (SYNC_PRODUCTS_CURRENCY).",
        )
    channel, profile, location = await asyncio.gather(
        _sales_channel(api, store, wanted.sales_channel),
        _shipping_profile(api, wanted.shipping_profile),
        _stock_location(api, store, wanted.stock_location),
    )
    return Placement(channel, profile, location)


async def _sales_channel(api: AdminApi, store: StoreDefaults, name: str | None) -> str:
    if name is not None:
        return await _by_name(
            api, "sales_channels", name, "sc_", "--sales-channel (SYNC_PRODUCTS_SALES_CHANNEL)"
        )
    default = await _default(api, "sales_channels", store.default_sales_channel_id)
    if default is None:
        raise StoreMismatchError(
            "The store has no default sales channel",
            hint="Set one in the admin (Settings > Store), or name one with --sales-channel.",
        )
    return default


async def _shipping_profile(api: AdminApi, name: str | None) -> str:
    if name is not None:
        return await _by_name(api, "shipping_profiles", name, "sp_", _SHIPPING_PROFILE)
    found = await api.named("shipping_profiles", {"type": "default"}) or await api.named(
        "shipping_profiles", {}
    )
    if not found:
        raise StoreMismatchError(
            "The store has no shipping profile", hint="Add one in the admin (Settings > Shipping Profiles)."
        )
    if len(found) > 1:
        raise StoreMismatchError(
            "The store has several shipping profiles and none that is the default one",
            hint=f"Name the one of the source's products with {_SHIPPING_PROFILE}.",
        )
    return found[0].id


async def _stock_location(api: AdminApi, store: StoreDefaults, name: str | None) -> str | None:
    option = "--stock-location (SYNC_PRODUCTS_STOCK_LOCATION)"
    if name is not None:
        return await _by_name(api, "stock_locations", name, "sloc_", option)
    default = await _default(api, "stock_locations", store.default_location_id)
    if default is not None:
        return default
    found = await api.named("stock_locations", {})
    if len(found) > 1:
        raise StoreMismatchError(
            "The store has several stock locations and no default one",
            hint=f"Name the one that the source's stock lies at with {option}.",
        )
    return found[0].id if found else None


async def _default(api: AdminApi, collection: str, default_id: str | None) -> str | None:
    """A default of the store; it outlives the thing that it names, and Medusa would take it all the same."""
    found = await api.named(collection, {"id": default_id}) if default_id is not None else []
    return found[0].id if found else None


async def _by_name(api: AdminApi, collection: str, name: str, id_prefix: str, option: str) -> str:
    found: list[Entity] = await api.named(collection, {"id" if name.startswith(id_prefix) else "name": name})
    what = collection.removesuffix("s").replace("_", " ")
    if not found:
        raise StoreMismatchError(
            f"The store has no {what} {name!r}", hint=f"Check {option}: a name or an id."
        )
    if len(found) > 1:
        raise StoreMismatchError(
            f"The store has several {what}s {name!r}", hint=f"Give the id with {option}."
        )
    return found[0].id


class Taxonomy:
    """Ids of categories by handle and of tags by value; those that are missing are created.

    Args:
        api: of the store.
        category_names: asks the source for the names of its categories, when one has to be created.
        stop: nothing more is created once it is set.
    """

    def __init__(self, api: AdminApi, category_names: CategoryNames, stop: Stop) -> None:
        self._api = api
        self._stop = stop
        self._category_names = category_names
        self._names: asyncio.Future[Mapping[str, str]] | None = None
        self._categories: dict[str, str] = {}
        self._inactive: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._lock = asyncio.Lock()  # batches run side by side and must not create the same thing twice

    def has(self, categories: Iterable[str], tags: Iterable[str]) -> bool:
        """Whether the ids of all of these are known."""
        return set(categories) <= self._categories.keys() and set(tags) <= self._tags.keys()

    async def forget(self, categories: Iterable[str], tags: Iterable[str]) -> None:
        """Look these up again: the store refused what refers to them."""
        async with self._lock:  # another batch may be about to use them
            for handle in categories:
                self._categories.pop(handle, None)
                self._inactive.pop(handle, None)
            for value in tags:
                self._tags.pop(value, None)

    async def category_ids(self, handles: Iterable[str]) -> Mapping[str, str]:
        """Ids by handle.

        Raises:
            StoreRefusedError: the store refuses a category.
            AmbiguousWriteError: it cannot be told whether a category was created.
            StoreError: the store cannot be asked.
        """

        async def find(missing: Sequence[str]) -> Mapping[str, str]:
            found = await self._api.categories(missing)
            self._inactive.update(
                (category.handle, category.id) for category in found if not category.is_active
            )
            return {category.handle: category.id for category in found}

        async def create(handle: str) -> StoredCategory:
            if self._names is None:
                self._names = asyncio.ensure_future(self._category_names())
            names = await self._names
            return await self._api.create_category(handle, names.get(handle) or _title(handle))

        return await self._ensure(self._categories, handles, find, create)

    async def activate_categories(self, handles: Iterable[str]) -> None:
        """Put categories that were looked up before on the shelf; raises what `category_ids` raises."""
        for handle in handles:
            category_id = self._inactive.get(handle)
            if category_id is not None:
                await self._api.activate_category(category_id)
                self._inactive.pop(handle, None)

    async def tag_ids(self, values: Iterable[str]) -> Mapping[str, str]:
        """Ids by value; raises what `category_ids` raises."""

        async def find(missing: Sequence[str]) -> Mapping[str, str]:
            return {tag.value: tag.id for tag in await self._api.tags(missing)}

        return await self._ensure(self._tags, values, find, self._api.create_tag)

    async def _ensure(
        self,
        known: dict[str, str],
        keys: Iterable[str],
        find: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]],
        create: Callable[[str], Awaitable[StoredCategory | StoredTag]],
    ) -> Mapping[str, str]:
        async with self._lock:
            missing = [key for key in dict.fromkeys(keys) if key not in known]
            if missing:
                known.update(await find(missing))
            absent = [key for key in missing if key not in known]
            for start in range(0, len(absent), _AT_ONCE):
                if self._stop.reason is not None:
                    raise self._stop.reason
                part = absent[start : start + _AT_ONCE]
                results = await asyncio.gather(*(create(key) for key in part), return_exceptions=True)
                failures = [result for result in results if isinstance(result, BaseException)]
                known.update(
                    (key, result.id)
                    for key, result in zip(part, results, strict=True)
                    if not isinstance(result, BaseException)
                )
                if failures:
                    await self._settle(known, part, find, failures)
            return dict(known)

    @staticmethod
    async def _settle(
        known: dict[str, str],
        part: Sequence[str],
        find: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]],
        failures: Sequence[BaseException],
    ) -> None:
        """A refusal may mean that another run was quicker, a lost answer that it was created: look again."""
        worse = [each for each in failures if not isinstance(each, StoreRefusedError | AmbiguousWriteError)]
        if not worse:
            known.update(await find([key for key in part if key not in known]))
            if all(key in known for key in part):
                return
        raise (worse or failures)[0]


def _title(slug: str) -> str:
    return slug.replace("-", " ").title()
