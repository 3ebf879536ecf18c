"""Option values that variants cannot get yet, because variants that the source does not have are in the way.

Medusa would store both, and no customer could tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from medusa_sync.core.change import VariantChange
from medusa_sync.core.fields import OPTION, TITLE
from medusa_sync.core.options import OptionPlan
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Value
from medusa_sync.core.stored import StoredOption, StoredProduct, StoredVariant
from medusa_sync.core.variants import Matches
from medusa_sync.errors import ProductFailedError

Twins = Mapping[str, tuple[str, StoredVariant]]
"""Variants with the same option values: the name of one and the other variant, by key or id of the one."""


def blocked_variants(
    variants: Sequence[VariantChange], stored: StoredProduct, options: OptionPlan, matches: Matches
) -> Twins:
    """The variants that cannot get their option values, with those that are in the way.

    A variant that is blocked keeps its option values, so it may be in the way of another one.
    """
    ids = options.ids
    more = [option.id for option in options.others]  # the merchant's may tell two variants apart
    removes = bool(_removed(stored, options))

    def held(variant: StoredVariant) -> tuple[Value, ...]:
        return tuple(variant.value_of(option_id) for option_id in (*ids.values(), *more))

    def wanted(each: VariantChange) -> tuple[Value, ...] | None:
        """The option values that a variant gets; None if they do not change."""
        planned = each.planned
        if options.added or not (removes or any(name.startswith(OPTION) for name in planned)):
            return None
        before = each.stored.value_of if each.stored else lambda _id: None
        values = (planned.get(f"{OPTION}{name}", before(own)) for name, own in ids.items())
        return (*values, *map(before, more))

    own = {each.stored.id for each in variants if each.stored} | {each.replaces for each in variants}
    dropped = {variant.id for variant in matches.dropped.values()}
    others: dict[tuple[Value, ...], StoredVariant] = {}
    blocked: dict[str, tuple[str, StoredVariant]] = {}
    for variant in sorted(stored.variants, key=lambda each: (each.id in dropped, each.id)):
        if variant.id not in own:
            first = others.setdefault(held(variant), variant)
            if removes and first is not variant:
                blocked[first.id] = first.sku or first.title, variant
    changing = {each.desired.key: (each, values) for each in variants if (values := wanted(each)) is not None}
    while found := {
        key: (each.desired.name, others[values])
        for key, (each, values) in changing.items()
        if key not in blocked and values in others
    }:
        blocked |= found
        keeping = [each.stored for key in found if (each := changing[key][0]).stored is not None]
        others |= {held(variant): variant for variant in keeping}
    return blocked


def without_blocked(
    desired: DesiredProduct,
    stored: StoredProduct,
    options: OptionPlan,
    matches: Matches,
    blocked: Twins,
) -> tuple[DesiredProduct, str]:
    """What is written instead, and why: stored variants keep their option values, and new ones are left out.

    If an option is removed together with the variants that it tells apart, it stays until they are gone.

    Raises:
        ProductFailedError: no variant would be left.
    """
    removed = _removed(stored, options)
    ids = options.ids | {option.title: option.id for option in removed}
    kept = {each.key for each in desired.variants} if removed else blocked.keys()
    variants: list[DesiredVariant] = []
    for each in desired.variants:
        own = matches.stored[each.key]
        if each.key not in kept:
            variants.append(each)
        elif own is not None:  # it keeps its option values, and the title, which sources derive from them
            held: dict[str, Value] = {f"{OPTION}{name}": own.value_of(option) for name, option in ids.items()}
            variants.append(each.changed(held | ({TITLE: own.title} if TITLE in each.fields else {})))
    ours = {each.id for each in (*matches.dropped.values(), *matches.stored.values()) if each is not None}
    name, twin = min(blocked.values(), key=lambda each: each[1].id in ours)
    hint = "is not one of the source; delete that one in the admin"
    if twin.id in ours:
        hint = "the source no longer has; a run with --on-missing delete removes that one"
    reason = (
        f"{stored.id}: variant {name} would have the same option values as {twin.sku or twin.title} "
        f"({twin.id}), which {hint}"
    )
    if not variants:
        raise ProductFailedError(reason.removeprefix(f"{stored.id}: "))
    left = structs.replace(
        desired,
        options=tuple(dict.fromkeys([*desired.options, *(name for name in ids if removed)])),
        variants=tuple(variants),
        digest="",
    )
    return left, reason


def _removed(stored: StoredProduct, options: OptionPlan) -> list[StoredOption]:
    """The options that are removed, without unused ones."""
    used = {value.option_id for variant in stored.variants for value in variant.options}
    return [option for option in options.removed if option.id in used]
