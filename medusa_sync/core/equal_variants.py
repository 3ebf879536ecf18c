"""Option values that variants cannot get, because other variants have them and keep them.

Medusa would store both, and no customer could tell them apart. If an option is removed, it refuses a variant
whose other values are some of those of another one, and one that has none.
"""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.core.change import VariantChange
from medusa_sync.core.kinds.options import OPTION
from medusa_sync.core.product_options import OptionPlan
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.value import Value
from medusa_sync.core.variants import Matches


def blocked_reason(
    variants: Sequence[VariantChange], stored: StoredProduct, options: OptionPlan, matches: Matches
) -> str | None:
    """Why variants cannot get their option values; None if they can.

    Args:
        variants: what is planned for those that the source wants.
        stored: the product.
        options: how they change.
        matches: which stored variant is which.
    """
    removes = any(option.id in stored.used_options for option in options.removed)
    if not (removes or any(map(_moves, variants))):
        return None
    twins = _twins(variants, stored, options, matches, removes=removes)
    return f"{stored.id}: {_reason(twins, matches)}" if twins else None


def _twins(
    variants: Sequence[VariantChange],
    stored: StoredProduct,
    options: OptionPlan,
    matches: Matches,
    *,
    removes: bool,
) -> list[tuple[str, StoredVariant]]:
    """The variants whose option values another one would have, too, after the name of that one."""
    ids = [option.id if option else "" for option in options.stored.values()]  # none has an added one yet
    more = [option.id for option in options.others]  # the merchant's may tell two variants apart

    def values_of(variant: StoredVariant) -> tuple[Value, ...]:
        return tuple(variant.value_of(option_id) for option_id in (*ids, *more))

    others: dict[tuple[Value, ...], StoredVariant] = {}

    def twin_of(values: tuple[Value, ...]) -> StoredVariant | None:
        if not removes or values in others:
            return others.get(values)
        return next((each for known, each in others.items() if _is_part(values, known)), None)

    twins: list[tuple[str, StoredVariant]] = []
    for variant in _left(stored, variants, matches):
        if removes and (twin := twin_of(values_of(variant))) is not None:
            twins.append((twin.called(""), variant))
        others.setdefault(values_of(variant), variant)
    ordered = sorted(variants, key=lambda each: each.stored is None)
    changing = [
        (each, values)
        for each in ordered
        if (values := _values_after(each, options, removes=removes)) is not None
    ]
    gets = {each.desired.key for each, _ in changing}
    kept = [each.stored for each in variants if each.stored and each.desired.key not in gets]
    others = {values_of(variant): variant for variant in kept} | others
    for change, values in changing:
        if (twin := twin_of(values)) is not None:
            twins.append((change.desired.name, twin))
        elif change.stored:
            others[values] = change.stored
    return twins


def _is_part(one: Sequence[Value], other: Sequence[Value]) -> bool:
    """Whether one of two variants has no option value that the other one does not have."""
    if None not in one and None not in other:
        return one == other
    pairs = [*zip(one, other, strict=True)]
    return all(a in (None, b) for a, b in pairs) or all(b in (None, a) for a, b in pairs)


def _moves(each: VariantChange) -> bool:
    """Whether a variant gets other option values."""
    return any(name.startswith(OPTION) for name in each.new_values)


def _values_after(each: VariantChange, options: OptionPlan, *, removes: bool) -> tuple[Value, ...] | None:
    """The option values that a variant gets; None if they do not change."""
    new_values = each.new_values
    if not (removes or _moves(each)):
        return None
    before = each.stored.value_of if each.stored else lambda _id: None
    stored = options.stored.items()
    values = (new_values.get(f"{OPTION}{name}", before(own.id) if own else None) for name, own in stored)
    return (*values, *(before(option.id) for option in options.others))


def _left(stored: StoredProduct, variants: Sequence[VariantChange], matches: Matches) -> list[StoredVariant]:
    """The variants of a product without those that the source wants; dropped ones come last."""
    wanted = {each.stored.id for each in variants if each.stored} | {each.replaces for each in variants}
    dropped = {variant.id for variant in matches.dropped.values()}
    left = (each for each in stored.variants if each.id not in wanted)
    return sorted(left, key=lambda each: (each.id in dropped, each.id))


def _reason(twins: Sequence[tuple[str, StoredVariant]], matches: Matches) -> str:
    """What is said about the first of these variants; those that the merchant can delete come first.

    Each has the name of the variant that wants its option values.
    """
    dropped = {variant.id for variant in matches.dropped.values()}
    ours = {each.id for each in matches.stored.values() if each is not None}
    name, twin = min(twins, key=lambda each: each[1].id in dropped | ours)
    hint = "which is not one of the source; delete that one in the admin"
    if twin.id in ours:
        hint = "because one of them was edited in the admin; edit its option values there"
    elif twin.id in dropped:
        hint = "which the source no longer has; a run with --on-missing delete removes that one"
    return f"variant {name} would have the same option values as {twin.called('')} ({twin.id}), {hint}"
