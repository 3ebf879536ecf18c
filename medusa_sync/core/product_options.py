"""Matches the options of a product with those that the source wants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from medusa_sync.core.field_changes import Conflict, FieldChange
from medusa_sync.core.kinds.options import DEFAULT, OPTION, OPTIONS
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import ONLY, Record, Write
from medusa_sync.core.since import EDITED
from medusa_sync.core.stored import StoredOption, StoredProduct
from medusa_sync.errors import ProductFailedError

if TYPE_CHECKING:
    from medusa_sync.core.undo import Undone


class WrittenOption(Struct, frozen=True):
    """An option of a product.

    Attributes:
        id: in the store; empty if the run has added it.
        name: what fields of variants call it, as in `option.Size`.
        before: its title before the run; None if it was added.
        after: its title after the run; None if it was removed.
    """

    id: str
    name: str
    before: str | None
    after: str | None


class OptionPlan(Struct, frozen=True):
    """How the options of a stored product change.

    Attributes:
        stored: the stored option of each name that the source wants; None if it has to be added.
        renamed: ids of options by their new title.
        contested: the names to which the source renamed options that the merchant renamed too.
        former: the name that an option gets, by each name under which the record has it.
        others: options that the merchant added.
        removed: options of ours that the source dropped.
    """

    stored: Mapping[str, StoredOption | None] = {}
    renamed: Mapping[str, str] = {}
    contested: tuple[str, ...] = ()
    former: Mapping[str, str] = {}
    others: tuple[StoredOption, ...] = ()
    removed: tuple[StoredOption, ...] = ()

    @property
    def added(self) -> list[str]:
        return [name for name, option in self.stored.items() if option is None]

    @property
    def ids(self) -> dict[str, str]:
        """Ids of options by name."""
        return {name: option.id for name, option in self.stored.items() if option is not None}

    @property
    def is_change(self) -> bool:
        return bool(self.added or self.renamed or self.removed)

    def unchanged(self) -> OptionPlan:
        """The options as they are in the store."""
        stored = {name: option for name, option in self.stored.items() if option is not None}
        return OptionPlan(stored, others=(*self.others, *self.removed))

    def title(self, name: str) -> str:
        """The title that an option has in the store after the change."""
        option = self.stored[name]
        return name if option is None or name in self.renamed else option.title

    def titles_of(self, options: Iterable[StoredOption]) -> dict[str, str]:
        """The titles that stored options have after the change, by id; removed ones are left out."""
        removed = {option.id for option in self.removed}
        new = {option_id: name for name, option_id in self.renamed.items()}
        return {each.id: new.get(each.id, each.title) for each in options if each.id not in removed}

    def changes(
        self, desired: DesiredProduct, stored: StoredProduct, applied: Record | None, side: OnConflict
    ) -> Iterator[FieldChange | Conflict]:
        """The change and the conflict of the options; `applied` has the names that were last applied."""
        if not (self.is_change or self.contested):
            return
        ours = list(self.ids.values())  # in the order of the source; the store has none
        in_order = sorted(
            stored.options,
            key=lambda each: (ours.index(each.id) if each.id in ours else len(ours), each.title),
        )
        current, wanted = tuple(option.title for option in in_order), desired.options or (DEFAULT,)
        if self.is_change:
            names = None if applied is None else tuple(_applied_titles(applied))
            planned = (*self.titles_of(in_order).values(), *self.added)
            yield FieldChange(OPTIONS, current, planned, names, wanted)
        if self.contested:
            yield Conflict(OPTIONS, current, wanted, side)

    def written(self, before: StoredProduct, stored: StoredProduct) -> tuple[WrittenOption, ...]:
        """What it has written; `before` is the product before the run."""
        titles = {option.id: option.title for option in before.options}
        names, left = {own: name for name, own in self.ids.items()}, self.titles_of(stored.options)
        return (
            *(
                WrittenOption(
                    own, names.get(own) or titles.get(own) or left[own], titles.get(own), left.get(own)
                )
                for own in {**titles, **left}
            ),
            *(WrittenOption("", name, None, name) for name in self.added),
        )


NO_PLAN = OptionPlan()
"""That of options which are not looked at."""


def match_options(
    desired: DesiredProduct, stored: StoredProduct, record: Record, *, on_conflict: OnConflict, restore: bool
) -> OptionPlan:
    """Decide which stored option is which.

    An option is found by the id in the record, which has none of a product without variants, else by its
    title. Those that are left are renamed in their order, of which those that are gone are part, so that
    variants keep their values. With `restore`, one that only the merchant renamed gets its title back; if the
    source renamed it too, `on_conflict` says whose title wins.

    Raises:
        ProductFailedError: an option is shared, or there would be two of the same title.
    """
    names = desired.options or ((DEFAULT,) if record.options else ())
    if not names:  # the product has no variants at the source, and never had
        return OptionPlan()
    applied = record.option_ids or _of_default(stored, record)
    by_id = {option.id: option for option in stored.options}
    used = stored.used_options
    found = _take_known(names, by_id, applied, used)
    ours = _left(by_id, applied, found)
    before = _in_order(names, found, ours, applied)
    found |= {name: by_id.pop(ours[old].id) for name, old in before.items()}
    pending = record.pending.options if record.pending else {}
    before |= _former_names(found, applied)
    edited = set[str]() if restore else _edited(found, before, pending)
    contested = tuple(name for name in before if name in edited)
    kept = edited - set(contested if on_conflict is OnConflict.SOURCE else ())
    removed = _removed([each for each in ours.values() if each.id in by_id], found, by_id, used)
    plan = OptionPlan(
        {name: found.get(name) for name in names},
        {name: each.id for name, each in found.items() if each.title != name and name not in kept},
        contested,
        _former(found, before, pending),
        tuple(option for option in by_id.values() if option not in removed),
        tuple(removed),
    )
    _check(plan)
    return plan


def _applied_titles(record: Record) -> Iterator[str]:
    """The titles that were last applied.

    The note of an update has options as they will be: renamed ones, whose pending titles begin with the one
    before, and added ones, which have no id.
    """
    pending = record.pending
    is_update = pending is not None and pending.step is not Write.CREATION
    for each in record.options:
        if pending is not None and (titles := pending.options.get(each.id)):
            yield titles[0]
        elif each.id or not is_update:
            yield each.name


def _in_order(
    names: Iterable[str],
    found: Mapping[str, StoredOption],
    ours: Collection[str],
    applied: Mapping[str, str],
) -> dict[str, str]:
    """The names in the record of options that get others, by name: those that are left keep their order."""
    known = {each.id for each in found.values()}
    waiting = [name for name in names if name not in found]
    left = [name for name, own in applied.items() if name not in found and own not in known]
    if len(left) > len(waiting):  # the source has dropped some: rather those that are gone
        left = [name for name in left if name in ours]
    return {name: old for name, old in zip(waiting, left, strict=False) if old in ours}


def _former_names(found: Mapping[str, StoredOption], applied: Mapping[str, str]) -> dict[str, str]:
    """The names in the record of options that have others now, also if the merchant has chosen the same."""
    names = {option.id: name for name, option in found.items()}
    return {names[own]: old for old, own in applied.items() if names.get(own, old) != old}


def _edited(
    found: Mapping[str, StoredOption], before: Mapping[str, str], pending: Mapping[str, tuple[str, ...]]
) -> set[str]:
    """The names of the options that the merchant has renamed."""
    return {
        name
        for name, option in found.items()
        if option.title not in {name, before.get(name, name), *pending.get(option.id, ())}
    }


def _former(
    found: Mapping[str, StoredOption], before: Mapping[str, str], pending: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """The names of options by those in the record, and by titles that interrupted runs have sent."""
    sent = ((old, name) for name, option in found.items() for old in pending.get(option.id, ()))
    return {old: name for name, old in before.items()} | {old: name for old, name in sent if old not in found}


def _removed(
    dropped: Iterable[StoredOption],
    found: Mapping[str, StoredOption],
    left: Mapping[str, StoredOption],
    used: Collection[str],
) -> list[StoredOption]:
    """The options that are removed: dropped ones, and unused ones with the title of another one.

    A request whose response was lost may have added those late.
    """
    removed = [*dropped]
    titles = {*found, *(each.title for each in removed)}
    unused = [each for each in left.values() if each.is_exclusive is not False and each.id not in used]
    return removed + [each for each in unused if each.title in titles and each not in removed]


def _take_known(
    names: Iterable[str], by_id: dict[str, StoredOption], applied: Mapping[str, str], used: Collection[str]
) -> dict[str, StoredOption]:
    """Take the options that have the id in the record, or the title, out of `by_id`; returns them by name.

    Of two with the same title, one that variants use is taken.
    """
    found = {name: by_id.pop(applied[name]) for name in names if applied.get(name) in by_id}
    for name in names:
        same_title = [each for each in by_id.values() if each.title == name]
        if name not in found and same_title:
            found[name] = by_id.pop(min(same_title, key=lambda each: (each.id not in used, each.id)).id)
    return found


def _of_default(stored: StoredProduct, record: Record) -> dict[str, str]:
    """The id of the option that a product without variants at the source has for `Default`, by this name."""
    own = [each for each in stored.options if each.title == DEFAULT]
    if not own and ONLY in record.variants and len(stored.options) == 1:  # the merchant may have renamed it
        own = [each for each in stored.options if each.is_exclusive is not False]
    return {DEFAULT: own[0].id} if own else {}


def _left(
    by_id: Mapping[str, StoredOption], applied: Mapping[str, str], matched: Mapping[str, StoredOption]
) -> dict[str, StoredOption]:
    """The options of ours that no wanted name matches, by their applied name; `matched` are the others.

    The record does not have the ids of options that an interrupted run created, or an undo of an undo.
    """
    taken = {option.id for option in matched.values()}
    by_title = {option.title: option for option in by_id.values()}
    found = {
        name: by_id.get(known) or by_title.get(name) for name, known in applied.items() if known not in taken
    }
    return {name: option for name, option in found.items() if option is not None}


def _check(plan: OptionPlan) -> None:
    titles = {option.title for option in plan.others}
    for name, option in plan.stored.items():
        if option is not None and name in plan.renamed and option.is_exclusive is False:
            raise ProductFailedError(
                f"its option {option.title!r} is shared with other products and not renamed to {name!r}; "
                "give the product an option of its own in the admin"
            )
        title = plan.title(name)
        if title in titles:
            raise ProductFailedError(f"it has two options {title!r}; rename one of them in the admin")


def without_gone(undone: Undone, stored: StoredProduct) -> Undone:
    """A product that is undone, without the options that are gone since the run, which are listed."""
    ids, pending = {each.id for each in stored.options}, undone.after.pending
    gone = {before for own, (_, before) in pending.options.items() if own not in ids} if pending else set()
    if not gone:
        return undone
    values = {f"{OPTION}{name}" for name in gone}
    variants = (
        structs.replace(each, fields={name: each.fields[name] for name in each.fields if name not in values})
        for each in undone.variants
    )
    options = tuple(each for each in undone.after.options if each.id in {"", *ids})
    return structs.replace(
        undone,
        options=tuple(name for name in undone.options if name not in gone),
        variants=tuple(variants),
        after=structs.replace(undone.after, options=options),
        lost=(
            *undone.lost,
            *(Conflict(OPTIONS, None, name, OnConflict.STORE, reason=EDITED) for name in sorted(gone)),
        ),
    )
