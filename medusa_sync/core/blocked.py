"""Option values that variants cannot get yet, because other variants have them and keep them.

Medusa would store both, and no customer could tell them apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from medusa_sync.core.change import VariantChange
from medusa_sync.core.fields import OPTION, TITLE
from medusa_sync.core.options import OptionPlan
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Value
from medusa_sync.core.record import Record, remember
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
    ordered = sorted(variants, key=lambda each: each.stored is None)
    changing = {each.desired.key: (each, values) for each in ordered if (values := wanted(each)) is not None}
    kept = [each.stored for each in variants if each.stored and each.desired.key not in changing]
    dropped = {variant.id for variant in matches.dropped.values()}
    others: dict[tuple[Value, ...], StoredVariant] = {}
    blocked: dict[str, tuple[str, StoredVariant]] = {}
    for variant in sorted(stored.variants, key=lambda each: (each.id in dropped, each.id)):
        if variant.id not in own:
            first = others.setdefault(held(variant), variant)
            if removes and first is not variant:
                blocked[first.id] = first.called(""), variant
    if not options.added:
        others = {held(variant): variant for variant in kept} | others

    def in_the_way() -> Twins:
        taken, found = dict(others), {}
        for key, (each, values) in changing.items():
            if key not in blocked and values in taken:
                found[key] = each.desired.name, taken[values]
            elif key not in blocked and each.stored:
                taken[values] = each.stored
        return found

    while found := in_the_way():
        blocked |= found
        keeping = [each.stored for key in found if (each := changing[key][0]).stored is not None]
        others |= {held(variant): variant for variant in keeping}
    return blocked


def without_blocked(
    desired: DesiredProduct,
    stored: StoredProduct,
    record: Record,
    options: OptionPlan,
    matches: Matches,
    blocked: Twins,
) -> tuple[DesiredProduct, str]:
    """What is written instead, and why: stored variants keep their option values, and new ones are left out.

    What the source has not changed stays as it is, so that a value which the merchant changed is still known
    to be an edit.

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
            applied = record.variant(each.key).fields
            held: dict[str, Value] = {TITLE: own.title} if TITLE in each.fields else {}
            for name, option in ids.items():
                field = f"{OPTION}{name}"
                value = each.fields.get(field)
                is_same = value is not None and remember(value) == applied.get(field)
                held[field] = value if is_same else own.value_of(option)
            variants.append(each.changed(held))
    dropped = {each.id for each in matches.dropped.values()}
    ours = dropped | {each.id for each in matches.stored.values() if each is not None}
    name, twin = min(blocked.values(), key=lambda each: each[1].id in ours)
    hint = "which is not one of the source; delete that one in the admin"
    if twin.id in ours - dropped:
        hint = "because one of them was edited in the admin; edit its option values there"
    elif twin.id in dropped:
        hint = "which the source no longer has; a run with --on-missing delete removes that one"
    reason = (
        f"{stored.id}: variant {name} would have the same option values as {twin.called('')} "
        f"({twin.id}), {hint}"
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
