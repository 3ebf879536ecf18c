"""What a run is for: it syncs a source, undoes an earlier run, or carries out a plan of one of these."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from medusa_sync.codes import Note
from medusa_sync.core.outcome import Result
from medusa_sync.core.selection import Selection
from medusa_sync.errors import EXIT_GUARD, EXIT_PARTIAL

if TYPE_CHECKING:
    from medusa_sync.core.approved import Approved
    from medusa_sync.core.record import Record
    from medusa_sync.core.since import CreatedProduct
    from medusa_sync.sources.base import Source
    from medusa_sync.sync.context import Context
    from medusa_sync.sync.ledger import Ledger
    from medusa_sync.sync.remove.orphans import Orphans
    from medusa_sync.sync.remove.removals import Removals


class Mode(ABC):
    """What differs between runs: what is stale, what may be written, what is removed, and the exit code.

    Args:
        source: of the products.

    Attributes:
        undoes: the result says that it undid a run.
        undone: the id of that run; empty if its document has none, and if none is undone.
        reads_all: no product is up to date before its details were read.
        checks_settings: the products have to be written with the same settings as before.
        creates: products that the store lacks are created.
        wants_all: the source has all products, and each is wanted as a whole; otherwise, it says which
            changes are wanted, and only these have to be possible.
        removes: it has products to remove, whatever the settings say.
        checks_placement: it says where new products and variants go, so all of that is read.
        refused: the outcome of a product that may not be written.
        instead: what to do about a product that needs a name which the store lacks, and shall not get.
        hint: what to do if the store lacks what a setting names; empty if the error says it.
    """

    undoes: bool
    undone = ""
    reads_all: bool
    checks_settings: bool
    creates: bool
    wants_all: bool
    checks_placement = False
    removes = False
    refused: Result
    instead: str
    hint: str

    def __init__(self, source: Source) -> None:
        self.source = source

    def selection(self, chosen: Selection, record: Record | None) -> Selection:
        """The fields that are planned of a product with this record."""
        return chosen.for_record(record)

    def removals(self, context: Context) -> Removals:
        """What is removed at the end of a run."""
        from medusa_sync.sync.remove.removals import Removals  # only runs that remove need it

        return Removals(context, self.orphans(context))

    @abstractmethod
    def orphans(self, context: Context) -> Orphans:
        """The products that are removed."""

    def exit_code(self, ledger: Ledger) -> int:
        """The exit code of a run that nothing has ended."""
        return EXIT_PARTIAL if ledger.has_problems else 0

    def notes(self, ledger: Ledger) -> Iterator[Note]:  # noqa: ARG002 - an undo needs it
        """What the result says about what the run is for."""
        return iter(())


class Sync(Mode):
    """The store gets the products of the source, and loses what the source no longer has."""

    undoes = False
    reads_all = False
    checks_settings = True
    creates = True
    wants_all = True
    refused = Result.REJECTED
    instead = "correct it at the source"
    hint = ""

    def orphans(self, context: Context) -> Orphans:
        from medusa_sync.sync.remove.orphans import Orphans

        return Orphans(context)


class Undo(Mode):
    """What a run wrote is taken back, and what it created is removed.

    Args:
        source: of what the run updated.
        created: the products that the run created, by external id.
        run_id: of the run; empty if its document has none.
        spelling: what `--undo` takes to name the run.
    """

    undoes = True
    reads_all = True
    checks_settings = False
    creates = False
    wants_all = False
    refused = Result.FAILED
    instead = "leave it out with --skip"
    hint = ""

    def __init__(
        self, source: Source, created: Mapping[str, CreatedProduct], run_id: str = "", spelling: str = ""
    ) -> None:
        super().__init__(source)
        self._created = created
        self.undone = run_id
        self._spelling = spelling or run_id

    def selection(self, chosen: Selection, record: Record | None) -> Selection:  # noqa: ARG002 - the record stays as it is
        return chosen

    def orphans(self, context: Context) -> Orphans:
        from medusa_sync.sync.remove.orphans import Created

        return Created(context, self._created)

    def exit_code(self, ledger: Ledger) -> int:
        return EXIT_GUARD if ledger.overwritten else super().exit_code(ledger)

    def notes(self, ledger: Ledger) -> Iterator[Note]:
        if not ledger.overwritten:
            return
        later = sorted(ledger.later, reverse=True)
        if not later:
            text = "Later runs, undone or not kept here, have written over this one. That stays."
            yield Note("written_over", text)
            return
        names = ", ".join(map(str, later))
        subject = "A later run has" if len(later) == 1 else "Later runs have"
        words = f"{subject} written over this one: {names}."
        runs = [*(each.run_id for each in later), self._spelling]
        commands = ", then ".join(f"medusa-sync products --undo {run}" for run in runs)
        yield Note("written_over", f"{words} Undo the newest first: {commands}")


class Apply(Mode):
    """An approved plan is carried out.

    Args:
        planned: what was planned, with the plan as its source.
        removed: the products that it removes or marks.
    """

    wants_all = False
    checks_placement = True
    refused = Result.SKIPPED
    instead = "make a new plan"
    hint = "Add it again, or make a new plan."  # the flags that an error names have no effect on a plan

    def __init__(self, planned: Mode, removed: Sequence[Approved]) -> None:
        super().__init__(planned.source)
        self._planned = planned
        self._removed, self.removes = removed, bool(removed)
        self.undoes = planned.undoes
        self.undone = planned.undone
        self.reads_all = planned.reads_all
        self.checks_settings = planned.checks_settings
        self.creates = planned.creates

    def selection(self, chosen: Selection, record: Record | None) -> Selection:
        return self._planned.selection(chosen, record)

    def removals(self, context: Context) -> Removals:
        from medusa_sync.sync.remove.removals import ApprovedRemovals

        return ApprovedRemovals(context, self.orphans(context), self._removed)

    def orphans(self, context: Context) -> Orphans:
        return self._planned.orphans(context)

    def exit_code(self, ledger: Ledger) -> int:
        if ledger.skipped or ledger.counts[Result.SKIPPED]:
            return EXIT_GUARD
        return self._planned.exit_code(ledger)

    def notes(self, ledger: Ledger) -> Iterator[Note]:
        return self._planned.notes(ledger)
