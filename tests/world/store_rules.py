"""What can happen to records and to the store as a whole, with weights."""

import random
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from tests.world.expected import Expected
from tests.world.rules import rule
from tests.world.run_rules import RULES, some_changes, some_edits, some_faults, some_rules
from tests.world.runs import Broken
from tests.world.store import REMOVALS, until_settled
from tests.world.stored import stored_in
from tests.world.wanted import CUSTOMS, PRICES, Value, Wanted
from tests.world.world import World

__all__ = ["RULES"]

_NEW_FIELDS = ("allow_backorder", "ean", *CUSTOMS)  # of variants
_PRODUCT = re.compile(r"prod_[0-9A-Z]{26}")


@rule(3)
async def merchant_removes_a_setting(world: World, dice: random.Random) -> None:
    """A region, a location or a channel that the source names; the merchant makes another one later."""
    until_settled(world, dice, REMOVALS)


# --- records ----------------------------------------------------------------------------------------------


@rule(3)
async def record_is_lost(world: World, dice: random.Random) -> None:
    """A product was exported and imported again, or something has overwritten its metadata.

    Without its external id, a run has to adopt it. If it cannot, the merchant gives back what was lost.
    """
    oracle, wanted = world.oracle, world.wanted()
    keys = [key for key in _settled(world) if _can_be_recognized(oracle.products[key], wanted[key])]
    if not keys:
        return
    key = dice.choice(keys)
    own, is_adopted = oracle.products[key].store_id or "", dice.random() < 0.6
    before, lost = deepcopy(oracle.products[key]), world.records()[own]
    world.shop.edit(
        {"id": own}, metadata={"medusa_sync": ""}, **({"external_id": None} if is_adopted else {})
    )
    oracle.record_was_lost(key)
    world.adopts = oracle.products[key].is_adopted = is_adopted
    world.note(f"    {key}{', with its id' if is_adopted else ''}")
    if dice.random() < 0.4:
        some_faults(world, dice)
    await world.carry_out(world.run(some_rules(world, dice)))
    record = world.records().get(own, {})
    if "variants" not in record or "pending" in record:  # the source may drop some before
        await world.carry_out(world.run(some_rules(world, dice)))
    if "variants" not in world.records().get(own, ()):
        world.shop.edit({"id": own}, external_id=key, metadata={"medusa_sync": lost})
        oracle.record_came_back(key, before)
    world.adopts = oracle.products[key].is_adopted = False


def _settled(world: World) -> list[str]:
    """The products that are certainly stored and have all that the source wants."""
    wanted, oracle = world.wanted(), world.oracle
    keys = [key for key in oracle.known() if key in wanted and oracle.products[key].is_settled(wanted[key])]
    return [key for key in keys if _has_our_options(oracle.products[key], wanted[key])]


def _has_our_options(product: Expected, wanted: Wanted) -> bool:
    """Whether nobody has renamed an option, so that it is known without a record."""
    titles = {name: value for name, value in wanted.fields.items() if name.startswith("options.")}
    return all(product.possible(name) == {value} for name, value in titles.items())


def _can_be_recognized(product: Expected, wanted: Wanted) -> bool:
    """Whether each variant has an SKU, which no other one has by an edit or an undo, and its own stock."""
    skus = {key: each["sku"] for key, each in wanted.variants.items()}
    held = ((key, sku) for key, each in product.variants.items() for sku in each.possible("sku"))
    has_its_own = all(sku == skus.get(key) or sku not in skus.values() for key, sku in held)
    has_some = any(not each.is_gone for key, each in product.variants.items() if key in skus)
    return not wanted.shared and all(skus.values()) and has_its_own and has_some


@rule(2)
async def records_are_of_a_former_version(world: World, dice: random.Random) -> None:
    """An earlier version of this tool knew less; after an upgrade, a run that is quiet stays so."""
    await RULES["settle"].happen(world, dice)
    records = world.records()
    for own, record in records.items():
        if record.get("version") == 3 and "pending" not in record:
            world.shop.edit({"id": own}, metadata={"medusa_sync": _former(record)})
    variants = [each for product in world.oracle.products.values() for each in product.variants.values()]
    may_change = {
        key
        for key, product in world.oracle.products.items()
        # what `--on-conflict source` has withheld is a conflict now, prices of a region are made again,
        # and options that an undo has removed are added again
        if (world.rules.store_wins and records.get(product.store_id or "", {}).get("withheld"))
        or any(
            name.startswith("options.") and any(stored is None for _, stored in states)
            for name, states in product.states.items()
        )
        or any(each.stale.keys() - {*_NEW_FIELDS} for each in product.variants.values())
    }
    for variant in variants:
        variant.stale |= dict.fromkeys(_NEW_FIELDS, ())  # the first write after an upgrade leaves it as it is
    if may_change:
        await world.carry_out(run := world.run())
        changed = {str(each.external_id) for each in run.result.changes} if run.result else set()
        if more := changed - may_change:
            raise Broken("an upgrade writes more than it has to", more)
    await world.stays_quiet()
    if dice.random() < 0.6:
        some_changes(world, dice)
        await world.carry_out(world.run(some_rules(world, dice)))


def _former(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without newer fields, which names regions and locations only if it needs them."""
    names = {name for _, fields, *_ in record.get("variants", {}).values() for name in fields}
    names |= record.get("fields", {}).keys()  # of stock that variants share
    former = {name: deepcopy(value) for name, value in record.items() if name != "knows"}
    for _, fields, *_ in former.get("variants", {}).values():
        for name in _NEW_FIELDS:
            fields.pop(name, None)
    withheld = {
        key: {name: value for name, value in fields.items() if name not in _NEW_FIELDS}
        for key, fields in former.pop("withheld", {}).items()
    }
    if any(withheld.values()):
        former["withheld"] = {key: fields for key, fields in withheld.items() if fields}
    former["source"] = "0" * 16
    for name, prefix in (("regions", "price.usd.America"), ("locations", "stock.")):
        if not any(each.startswith(prefix) for each in names):
            former.pop(name, None)
    return former


# --- a store that changes what it is given ----------------------------------------------------------------


def _shorter(text: Value) -> Value:
    return text[:9].strip() if isinstance(text, str) else text


_NORMALISERS: dict[str, Callable[[Value], Value]] = {
    "title": _shorter,
    "description": _shorter,
    "weight": lambda value: value and round(value, -1),
    "images": lambda value: tuple(sorted(value)),
    **{name: lambda value: value and round(value) for name in PRICES.values()},
}


@rule(2)
async def store_normalises(world: World, dice: random.Random) -> None:
    """A store that trims, rounds and reorders what it is given; a second run writes nothing all the same."""
    chosen = {name: _NORMALISERS[name] for name in dice.sample(sorted(_NORMALISERS), 4)}
    world.note(f"    {', '.join(chosen)}")
    some_changes(world, dice)
    rules = some_rules(world, dice)
    world.network.after_write = lambda text: _normalise(world, chosen, text)
    runs = [world.run(rules) for _ in range(3)]
    for run in runs:
        run.is_narrow = True
        begin = len(world.network.sent)
        world.oracle.is_normalised(chosen)
        await world.carry_out(run)
        world.oracle.is_normalised(chosen)
    world.network.after_write = None
    writes = [each for each in world.network.sent[begin:] if each.is_write]
    if runs[1].is_clean and not world.passing and writes:
        raise Broken("a store that normalises is written again and again", writes[:3])


def _normalise(world: World, chosen: Mapping[str, Callable[[Value], Value]], text: str) -> None:
    known = {each.id for each in stored_in(world.shop).values()}
    for own in sorted({*_PRODUCT.findall(text)}):
        if own not in known:
            continue
        product = world.shop.product(own)
        body = {
            name: chosen[name](product[name])
            for name in ("title", "description", "weight")
            if name in chosen and product[name] is not None
        }
        body = {name: value for name, value in body.items() if value != product[name]}
        images = sorted(product["images"], key=lambda each: each["rank"])
        ordered = sorted(images, key=lambda each: world.shop.source_of(each["url"]))
        if "images" in chosen and ordered != images:
            body["images"] = [{"id": each["id"], "url": each["url"]} for each in ordered]
        if body:
            world.shop.edit(product, **body)
        for variant in product["variants"]:
            for price in variant.get("prices", ()):
                if price["field"] in chosen and price["amount"] != (
                    new := chosen[price["field"]](price["amount"])
                ):
                    world.shop.set_price(product, variant, new, price["field"])
                    price["amount"] = new


@rule(3)
async def subscriber_edits_what_was_written(world: World, dice: random.Random) -> None:
    """Something in the store edits a product as soon as a request has written it."""
    some_changes(world, dice)
    runs = [world.run(some_rules(world, dice))]
    if dice.random() < 0.3:
        some_faults(world, dice)
    some_edits(world, dice, runs)
    during, left = [(each.wanted, each.rules) for each in runs], dice.choice([1, 2, 4])

    def edit(text: str) -> None:
        nonlocal left
        if left:
            world.merchant.dice = dice
            if (done := world.merchant.edit(world.wanted(), during, text)) is not None:
                left -= 1
                world.note(f"    subscriber: {done}")

    world.network.after_write = edit
    try:
        await world.carry_out(*runs)
    finally:
        world.network.after_write = None
