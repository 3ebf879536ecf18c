"""The changed fields of a product, each with its conflict."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import Value
from medusa_sync.core.result import Outcome

FEW = 5  # details of variants that are shown for one product; if there are more, the first ones are
_FIRST = 3


class Detail(NamedTuple):
    """A field that was changed, or kept its value in a conflict.

    Attributes:
        variant: what reports call the variant; empty for a field of the product.
        stored: what the store held.
        change: None if the field keeps its value.
        conflict: None if only one side changed the field.
        held: the price that was held back, so that the field keeps its value.
    """

    variant: str
    field: str
    stored: Value
    change: FieldChange | None
    conflict: Conflict | None
    held: FieldChange | None = None


def details(outcome: Outcome) -> list[Detail]:
    """The changes of a product, then what changed nothing: conflicts without a change, and held prices.

    Conflicts have none if the store won, or if it is not known whether the write arrived. The others belong
    to a change of the same field of the same variant. Variants without a SKU may have the same name, so there
    may be several for one name.
    """
    won: dict[tuple[str, str], list[Conflict]] = {}
    for each in outcome.conflicts:
        if each.kept == OnConflict.SOURCE:
            won.setdefault((each.variant, each.field), []).append(each)
    changed = []
    for change in outcome.changes:
        same = won.get((change.variant, change.field))
        conflict = same.pop(0) if same else None
        changed.append(Detail(change.variant, change.field, change.stored, change, conflict))
    kept = [each for each in outcome.conflicts if each.kept == OnConflict.STORE]
    kept += chain.from_iterable(won.values())
    changed += [Detail(each.variant, each.field, each.stored, None, each) for each in kept]
    return changed + [
        Detail(each.variant, each.field, each.stored, None, None, each) for each in outcome.held
    ]


class Parts(NamedTuple):
    """A product with only its conflicts, its held prices, and its other changes."""

    contested: Outcome
    held: Outcome
    others: Outcome


def parted(outcome: Outcome) -> Parts:
    """Separate the conflicts and the held prices of a product from its other changes."""
    found = details(outcome)
    contested = tuple(each.change for each in found if each.change and each.conflict)
    others = tuple(each.change for each in found if each.change and not each.conflict)
    return Parts(
        structs.replace(outcome, changes=contested, held=()),
        structs.replace(outcome, changes=(), conflicts=()),
        structs.replace(outcome, changes=others, conflicts=(), held=()),
    )


def abridged(outcome: Outcome) -> tuple[list[Detail], str]:
    """The details of a product with only a few of variants, conflicts first, and words that count the others.

    The words are empty if nothing is left out.
    """
    found = details(outcome)
    of_variants = [each for each in found if each.variant]
    if len(of_variants) <= FEW:
        return found, ""
    of_variants.sort(key=lambda each: each.conflict is None)
    own = [each for each in found if not each.variant]
    rest = of_variants[_FIRST:]
    conflicts = sum(each.conflict is not None for each in rest)
    counts = ((len(rest) - conflicts, "change"), (conflicts, "conflict"))
    words = " and ".join(f"{n} more {noun}{'s' if n > 1 else ''}" for n, noun in counts if n)
    return own + of_variants[:_FIRST], f"... and {words} of variants"
