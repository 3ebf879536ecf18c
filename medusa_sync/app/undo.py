"""Reads the JSON document of a run, which is then the source of a run that undoes it."""

from __future__ import annotations

import shlex
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from msgspec import UNSET, DecodeError, Raw, Struct, ValidationError, json

from medusa_sync.app.document_parts import own_fields, variant_parts, written_values
from medusa_sync.app.kept import KeptRuns, content
from medusa_sync.codes import Note
from medusa_sync.core.field_changes import Conflict
from medusa_sync.core.fields import NEWEST, UNIQUE, VARIANT, VARIANT_FIELDS, kind_of
from medusa_sync.core.ids import source_id_of
from medusa_sync.core.kept import KeptRun, LaterWrites, Overwritten, RunName, origin, runs_of
from medusa_sync.core.kinds.options import OPTION, AppliedOption
from medusa_sync.core.kinds.stock import SHARED
from medusa_sync.core.outcome import Action
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredVariant
from medusa_sync.core.record import Pending, Record, VariantRecord, Write
from medusa_sync.core.remembered import remember
from medusa_sync.core.since import CreatedProduct
from medusa_sync.core.undo import FOREVER, Undone
from medusa_sync.core.value import Value, members
from medusa_sync.errors import SettingsError
from medusa_sync.redact import MASK
from medusa_sync.report.document import KEEP, FieldValues, OptionChange, ProductChange, VariantChanges
from medusa_sync.sources.base import Page, Source, paged
from medusa_sync.spool import Spool

_HIDDEN = f"the document hides a secret ({MASK}) in the value before the run or after it"
_AS_TEXT = "the document has the object or list before the run only as text"
_NO_VALUE = "the variant had no value, and Medusa cannot remove one"
_STOCK = Note("stock_kept", "Stock is not taken back, because orders may have changed it since.")


class _Source(Struct):
    name: str | None = None


class _Identified(Struct):
    external_id: str | None
    action: str = KEEP


class _Document(Struct):
    """What is needed of the document of a run."""

    version: int
    dry_run: bool
    source: _Source
    changes: list[Raw]
    counts: dict[str, int] = {}
    store_url: str | None = None
    started_at: str = ""
    run_id: str = ""


class UndoneRun(Source):
    """The products that a run has updated, drafted or deleted.

    Args:
        changes: of the run.
        source_name: of its source.
        later: what later runs have written, by external id.
        run_id: of the run; empty if its document has none.
        spelling: what `--undo` takes to name it.

    Attributes:
        created: the products that the run has created, by external id.
    """

    format = "JSON document of a run"

    def __init__(
        self,
        changes: Iterable[ProductChange],
        source_name: str,
        later: Mapping[str, LaterWrites],
        run_id: str,
        spelling: str,
    ) -> None:
        self.run_id, self.spelling = run_id, spelling
        self._products = Spool[Undone]()
        self.created: dict[str, CreatedProduct] = {}
        has_stock = False
        for each in changes:
            external_id, source_id = each.external_id, source_id_of(source_name, each.external_id)
            if external_id is None or source_id is None:
                raise ValidationError(f"{external_id!r} is no external id of the source {source_name!r}")
            overwritten = later[external_id].overwritten if external_id in later else ()
            if each.action == Action.CREATE:
                self.created[external_id] = CreatedProduct(
                    each.id or "", each.recorded or "", runs_of(overwritten)
                )
            elif each.fields or each.variants or each.action == Action.DELETE:
                self._products.add(_undone(each, external_id, source_id, overwritten))
                has_stock |= _has_stock(each)
        self.notes = [_STOCK] if has_stock else []

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:  # noqa: ARG002 - it is always complete
        for page in paged(iter(self._products), len(self._products)):
            yield page


def undone_run(
    path: str, source_name: str, store_url: str, kept: KeptRuns | None = None, runs: Sequence[KeptRun] = ()
) -> UndoneRun:
    """Read the document of a run that is undone.

    Args:
        path: of the document.
        source_name: of the settings.
        store_url: of the settings.
        kept: where later runs are looked up that have written over it.
        runs: all that are kept, the oldest first.

    Raises:
        SettingsError: it cannot be read, or the run cannot be undone with these settings.
    """
    try:
        document = json.decode(content(Path(path)), type=_Document)
        problem = _problem(document, source_name, store_url)
        if not problem:
            decoder = json.Decoder(ProductChange)
            later = _later(document, kept, runs) if kept is not None else {}
            spelling = document.run_id if _is_kept(document, runs) else shlex.quote(path)
            changes = map(decoder.decode, document.changes)
            run = UndoneRun(changes, source_name, later, document.run_id, spelling)
            run.notes = [*run.notes, *_unfinished(document.counts)]
            return run
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror})"
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = f"it is not the complete JSON document of a run ({error})"
    raise SettingsError([f"--undo {path!r}: {problem}"])


def _is_kept(document: _Document, runs: Iterable[KeptRun]) -> bool:
    return any(document.run_id == each.name.run_id for each in runs)


def _later(document: _Document, kept: KeptRuns, runs: Sequence[KeptRun]) -> dict[str, LaterWrites]:
    """What later runs have written to the products of a run, by external id."""
    own = KeptRun(RunName(document.started_at, document.run_id))
    by_id = {each.name.run_id: each for each in (*runs, own)}
    found = dict[str, LaterWrites]()
    ids = json.Decoder(_Identified)
    mine = {ids.decode(each).external_id for each in document.changes}
    for run in runs:
        if run.name <= own.name or run.is_damaged:
            continue
        later = json.decode(content(kept.path(run)), type=_Document)
        name, takes_back = origin(run, by_id)
        for raw in later.changes:
            if (external_id := ids.decode(raw).external_id) is None or external_id not in mine:
                continue
            writes = found.setdefault(external_id, LaterWrites())
            for place, value in written_values(json.decode(raw, type=ProductChange)):
                writes.add(place, name, value, takes_back=takes_back)
    return found


def _unfinished(counts: Mapping[str, int]) -> Iterator[Note]:
    if count := counts.get("failed", 0) + counts.get("unconfirmed", 0):
        text = f"Products that failed or were not confirmed in the run: {count}. Of these, only changes that "
        yield Note("unfinished", f"{text}the document lists are taken back; its `problems` name them.")


def _problem(document: _Document, source_name: str, store_url: str) -> str:
    """Why a run cannot be undone; empty if it can."""
    if document.dry_run:
        return "it is of a dry run, which wrote nothing"
    actions = {json.decode(each, type=_Identified).action for each in document.changes}
    if actions <= {KEEP} and not document.counts.get("unconfirmed"):
        return "this run wrote nothing"
    if document.source.name is None:
        return "an older version of medusa-sync wrote it, without what is needed to undo the run"
    if document.source.name not in {source_name, ""}:
        return f"it is of the source {document.source.name!r}; set --source-name (SYNC_PRODUCTS_SOURCE_NAME)"
    if document.store_url not in {store_url, None}:
        return f"it is of the store {document.store_url}; set --medusa-url (MEDUSA_BACKEND_URL)"
    return ""


def _undone(
    change: ProductChange, external_id: str, source_id: str, overwritten: tuple[Overwritten, ...]
) -> Undone:
    """What it takes to undo the changes of a product."""
    options, own, parts = _parallel(change.options or []), own_fields(change), variant_parts(change)
    known = {name: values for name, values in own.items() if not _unknown(name, values)}
    titles = {each.name: each for each in options}
    variants, variants_after, possible = _variants(parts, titles)
    return Undone(
        external_id,
        source_id,
        change.currency or "",
        {name: each.before for name, each in known.items()},
        tuple(variants),
        tuple(each.before for each in options if isinstance(each.before, str)),
        name=change.title or "",
        id=change.id or "",
        after=Record(
            fields=_remembered({name: each.after for name, each in known.items()}),
            options=_options_after(options),
            variants=variants_after,
            pending=Pending(Write.UPDATE, possible, _renamed(options)),
            knows=NEWEST,
        ),
        lost=tuple(chain.from_iterable(_lost(each, titles) for each in [VariantChanges("", own), *parts])),
        is_deleted=change.action == Action.DELETE,
        recorded={each.id: each.recorded for each in parts if each.id and each.recorded},
        shared_item=change.shared_item or "",
        is_available=_is_available(parts),
        overwritten=overwritten,
    )


def _is_available(parts: Iterable[VariantChanges]) -> bool:
    """Whether the run compared stock without what orders have reserved."""
    return any(values.reserved is not UNSET for each in parts for values in each.fields.values())


def _options_after(options: Iterable[OptionChange]) -> tuple[AppliedOption, ...]:
    """The options after the run."""
    return tuple(AppliedOption(each.after, each.id or "") for each in options if isinstance(each.after, str))


def _renamed(options: Iterable[OptionChange]) -> dict[str, tuple[str, ...]]:
    """The titles of options after the run and before it, by id: an interrupted undo may have left either."""
    return {
        each.id: (each.after, each.before)
        for each in options
        if each.id and isinstance(each.after, str) and isinstance(each.before, str)
    }


def _remembered(values: Mapping[str, Value]) -> dict[str, Value]:
    """Values as a record has them."""
    return {name: remember(value) for name, value in values.items() if value is not None}


def _variants(
    parts: Iterable[VariantChanges], titles: Mapping[str, OptionChange]
) -> tuple[list[DesiredVariant], dict[str, VariantRecord], dict[str, dict[str, tuple[Value, ...]]]]:
    """The variants before the run, those after it, and what an interrupted undo may have left of these."""
    variants_before: list[DesiredVariant] = []
    variants_after: dict[str, VariantRecord] = {}
    possible: dict[str, dict[str, tuple[Value, ...]]] = {}
    for each in parts:
        before, after = _sides(each, titles)
        key, is_new = each.id or "", VARIANT in each.fields and each.fields[VARIANT].before is None
        if not key or not (before or is_new):
            continue
        variants_after[key] = VariantRecord(key, _remembered(after))
        if not is_new:
            fields = {name: value for name, value in before.items() if value is not None}
            variants_before.append(DesiredVariant(key, each.variant, fields))
        if unique := [name for name in UNIQUE if name in before]:
            possible[key] = dict.fromkeys(unique, (None,))
    return variants_before, variants_after, possible


def _lost(part: VariantChanges, titles: Mapping[str, OptionChange]) -> Iterator[Conflict]:
    """What cannot be restored: a deleted variant, a missing option value, and what has a hidden secret."""
    variant, key = part.variant, part.id or part.variant or None
    for name, values in part.fields.items():
        if name == VARIANT and values.after is None:
            yield Conflict(name, None, variant, OnConflict.STORE, variant, key, FOREVER)
        elif why := _unknown(name, values):
            yield Conflict(name, values.after, values.before, OnConflict.STORE, variant, key, why)
        elif VARIANT not in part.fields and values.before is None and _had(name, titles):
            yield Conflict(name, values.after, None, OnConflict.STORE, variant, key, _NO_VALUE)


def _had(field: str, titles: Mapping[str, OptionChange]) -> bool:
    """Whether a field is the value of an option that the product had before the run, and after it."""
    option = titles.get(field.removeprefix(OPTION)) if field.startswith(OPTION) else None
    return option is not None and None not in {option.before, option.after}


def _unknown(name: str, values: FieldValues) -> str:
    """Why the document does not have the values of a field as the store had them; empty if it has."""
    if any(MASK in each for value in (values.before, values.after) for each in members(value)):
        return _HIDDEN
    return "" if kind_of(name).restores(values.before) else _AS_TEXT


def _parallel(options: Iterable[OptionChange]) -> list[OptionChange]:
    """Options in an order in which those that were renamed have the same place before and after."""
    return sorted(options, key=lambda each: None in {each.before, each.after})


def _sides(
    part: VariantChanges, titles: Mapping[str, OptionChange]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The values of a variant before and after the run, of stock only those that drafting has set to 0."""
    before, after = dict[str, Value](), dict[str, Value]()
    for name, values in part.fields.items():
        if not VARIANT_FIELDS.knows(name) or _unknown(name, values):
            continue
        is_drafted = part.drafted is True and (isinstance(values.before, int) or values.before == SHARED)
        if VARIANT_FIELDS[name].kind.of_items and not is_drafted:
            continue
        option = titles.get(name.removeprefix(OPTION)) if name.startswith(OPTION) else None
        then, now = (option.before, option.after) if option else (None, None)
        before[f"{OPTION}{then}" if then else name] = values.before
        after[f"{OPTION}{now}" if now else name] = values.after
    return before, after


def _has_stock(change: ProductChange) -> bool:
    others = (each.fields for each in change.variants or () if each.drafted is not True)
    names = [*change.fields, *chain.from_iterable(others)]
    return any(VARIANT_FIELDS.knows(name) and VARIANT_FIELDS[name].kind.of_items for name in names)
