"""Edits of the merchant, which are reported to the oracle."""

import json
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import httpx

from tests.world.edits import KINDS, SECOND_CHANNEL, SECOND_PROFILE, Editing, NothingToEditError
from tests.world.expected import Expected
from tests.world.merging import Rules
from tests.world.oracle import Oracle
from tests.world.recognition import others_than, variants_of
from tests.world.shop import Shop
from tests.world.stored import Stored, stored_of
from tests.world.variants import has_fixed_skus
from tests.world.wanted import SECOND_LOCATION, Wanted

_ID = re.compile(r"\b(?:prod|opt|variant|iitem|ilev)_[0-9A-Z]{26}\b")


def ids_in(text: str) -> set[str]:
    """Ids of products, options, variants, inventory items and their levels."""
    return set(_ID.findall(text))


@dataclass(frozen=True)
class Edit:
    """An edit during a run."""

    external_id: str
    product_id: str
    ids: set[str]  # of the product and its parts
    begin: float
    end: float
    before: Expected  # what is expected if the edit is lost

    def met(self, ids: set[str], begin: float, end: float, gap: float) -> bool:
        """Whether a write of these ids was in progress or about to start."""
        return not self.ids.isdisjoint(ids) and begin - gap <= self.end and self.begin <= end


@dataclass
class Merchant:
    """Edits stored products, each at most once until `forget` is called."""

    shop: Shop
    oracle: Oracle
    dice: random.Random
    elsewhere: str  # a second stock location
    second_channel: str  # empty while there is none
    profiles: Mapping[str, str]  # ids by name
    clock: Callable[[], float] = time.monotonic
    gap: float = 20  # seconds between the read of a product by a run and the begin of its write
    busy: set[str] = field(default_factory=set)
    wanted: Mapping[str, Wanted] = field(default_factory=dict)  # by the source, while the merchant edits
    edits: int = 0
    unclear: dict[str, str] = field(default_factory=dict)
    during: list[Edit] = field(default_factory=list)

    def forget(self) -> None:
        self.busy.clear()

    def delete_what_is_unclear(self) -> None:
        """Delete products for which the result of an edit is unknown."""
        while self.unclear:
            key, product_id = self.unclear.popitem()
            self.shop.delete(f"/admin/products/{product_id}")
            self.oracle.delete(key)

    def read(self, key: str) -> Stored:
        product = self.shop.product(self.oracle.products[key].store_id or "")
        shop = self.shop
        return stored_of(
            product, shop.locations, {}, is_available=shop.is_available, source_of=shop.source_of
        )

    def edit(
        self,
        wanted: Mapping[str, Wanted],
        during: Sequence[tuple[Mapping[str, Wanted], Rules]] = (),
        written: str | None = None,
    ) -> str | None:
        """Edit a product; returns a description of the edit.

        Args:
            wanted: by the source.
            during: what the runs want that are in progress, and their rules.
            written: the request that has just written the product; None for any product.
        """
        in_run = bool(during)
        keys = [key for key in self.oracle.known() if key not in self.busy]
        if written is not None:
            keys = [key for key in keys if (self.oracle.products[key].store_id or "") in written]
        if not keys:
            return None
        key = self.dice.choice(keys)
        self.wanted = wanted
        expected = self.oracle.products[key]
        kinds = self._possible(key, in_run=in_run)
        name = self.dice.choices(list(kinds), list(kinds.values()))[0]
        self.busy.add(key)
        for own, rules in during:
            self.oracle.may_have_met(key, own.get(key), rules)
        before, product_id, begin = deepcopy(expected), expected.store_id or "", self.clock()
        try:
            product = self.shop.product(product_id)
            begin = self.clock()
            done = KINDS[name].make(Editing(self, key, product))
        except NothingToEditError:
            done = None
        except (httpx.HTTPError, AssertionError) as error:
            if isinstance(error, httpx.HTTPStatusError) and error.response.is_client_error:
                return None  # a run has deleted the product, or stock of it is reserved
            self.unclear[key] = product_id
            return f"{key} {name} failed: {error}"
        end = self.clock()
        if done is not None and in_run and self.oracle.products[key] is expected:
            self.during.append(Edit(key, product["id"], ids_in(json.dumps(product)), begin, end, before))
        self.edits += done is not None
        return None if done is None else f"{key} {name}: {done}"

    def _possible(self, key: str, *, in_run: bool) -> dict[str, int]:
        """The kinds of edits of a product, with their weights."""
        wanted = self.wanted.get(key)
        is_settled = wanted is not None and self.oracle.products[key].is_settled(wanted)
        has_fixed = has_fixed_skus(int(key.rpartition(":")[2]))
        return {
            name: kind.weight
            for name, kind in KINDS.items()
            if not (kind.of_metadata and in_run and not is_settled)
            and not (kind.of_delivered and wanted is None)
            and not (kind.identifies and has_fixed)
        }

    def accept_lost_edits(self, writes: list[tuple[set[str], float, float]]) -> None:
        """Accept that edits during a write of their product are lost: Medusa has no conditional writes."""
        for edit in self.during:
            expected = self.oracle.products[edit.external_id]
            if expected.store_id == edit.product_id and any(edit.met(*write, self.gap) for write in writes):
                expected.accept(edit.before)
        self.during.clear()

    def look(self, key: str, *names: str, variant: str | None = None) -> None:
        """Read the merchant's own fields of a product, or of one of its variants, from the store."""
        expected, stored = self.oracle.products[key], self.read(key)
        if variant is None:
            expected.others |= {name: [stored.others[name]] for name in names}
            return
        own = expected.variants[variant]
        own.others |= {name: [stored.variants[own.store_id or ""].others[name]] for name in names}

    def look_at_own_variants(self, key: str) -> None:
        """Read the merchant's variants from the store."""
        expected, stored = self.oracle.products[key], self.read(key)
        expected.own_variants = [others_than(variants_of(expected, stored), stored)]


def make_merchant(
    shop: Shop,
    oracle: Oracle,
    dice: random.Random,
    clock: Callable[[], float] = time.monotonic,
) -> Merchant:
    """A merchant with stock locations of their own and of the source, and a second sales channel."""
    shop.location(SECOND_LOCATION)
    location = shop.post("/admin/stock-locations", {"name": "Elsewhere"})["stock_location"]["id"]
    shop.category("merchants-shelf")
    profiles = {name: shop.profile(name) for name in ("Default Shipping Profile", SECOND_PROFILE)}
    return Merchant(shop, oracle, dice, location, shop.channel(SECOND_CHANNEL), profiles, clock)
