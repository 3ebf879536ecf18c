"""One world: a source, a merchant, a store, a network, and what the store may hold."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

from medusa_sync import Outcome, RunResult
from tests.harness.runs import keep
from tests.world.backends import Backend
from tests.world.clock import Clock
from tests.world.merchant import ids_in, make_merchant
from tests.world.merging import Rules
from tests.world.network import Network
from tests.world.oracle import Oracle
from tests.world.pictures import HOST, SlowPictures, copies, is_current, validator
from tests.world.results import missing
from tests.world.runs import Broken, Done, Run, all_of
from tests.world.shop import Json
from tests.world.source import Source
from tests.world.states import UNDONE, before_runs, of_runs
from tests.world.stored import Stored, stored_in
from tests.world.wanted import Product, Wanted, wanted_of

NUMBERS = (1, 2, 3, 4, 7, 9, 10, 15, 24, 45)
"""Of products: without variants, with some, at times without, without SKUs or ids, with shared stock."""
SETTLING_RUNS = 3
A_WEEK_S = 8 * 86_400
SETTLED_REQUESTS = 120
"""At most so many, of all runs until nothing is left to do: a few for each batch, and one for each fault."""


Part = tuple[str, str]
"""An external id, and the key of one of its variants; empty if it means the product."""


class Rows:
    """The rows that the source delivers."""

    def __init__(self) -> None:
        self.products: list[Product] = []


class World:
    """Everything that one history happens to; `folder` has the documents of runs."""

    def __init__(self, seed: int, folder: Path, clock: Clock, store: Backend) -> None:
        self.clock = clock
        self.folder = folder
        dice = random.Random(seed)
        self.states = Counter[str]()
        self.log: list[str] = []
        self.store = store
        self.store.offers_bulk = dice.random() < 0.85
        self.shop = store.shop()
        assert "America" in self.shop.names.values()  # from now on it is called so
        self.network = Network(self.store, random.Random(dice.random()), self.states, clock, self.note)
        self.rows = Rows()
        self.source = Source(self.rows, random.Random(0))
        self.other_rows = Rows()
        self.other = Source(self.other_rows, random.Random(0))
        self.oracle = Oracle(self.shop.store)
        self.merchant = make_merchant(self.shop, self.oracle, random.Random(0), clock)
        self.batch_size = dice.choice([1, 1, 2, 2, 3, 15])
        self.concurrency = dice.choice([1, 2, 2, 4])
        self.page_size = dice.choice([1, 2, 3, 30])
        self.retries = dice.choice([0, 1, 2])
        self.rules = Rules(store_wins=False, on_missing="keep", sale_prices=dice.random() < 0.3)
        # Of the seed alone, so that other dice fall as before.
        self.rules.is_available = self.shop.is_available = random.Random(f"{seed} orders").random() < 0.3
        self.pictures = SlowPictures(self.network, validator(seed))
        self.can_copy = copies(seed)  # images to the store
        self.copies = self.can_copy
        self.used: set[tuple[bool, bool]] = set()  # settings since the store was settled
        self.undone = False  # a run, since the store was settled
        self.was_undone = False  # a run, at any time: its values stay until the source changes them
        self.adopts = False
        self.passing: list[Callable[[], object]] = []  # ends what the merchant did to the store as a whole
        self.wanted_before: Mapping[str, Wanted] = {}  # by the source, at the last run
        self.removed: set[str] = set()  # external ids of products that were removed once
        self.documents: list[Done] = []
        self.plans: list[Run] = []
        self.missing_since: dict[Part, float] = {}
        self.known_numbers: set[int] = set()
        self._files = 0

    def end_step(self) -> None:
        """Note which products and variants the source has stopped delivering."""
        now, wanted = self.clock.true(), self.wanted()
        gone = {(key, "") for key in self.oracle.products if key not in wanted}
        gone |= {
            (key, name)
            for key, each in self.oracle.products.items()
            for name in each.variants
            if key not in wanted or name not in wanted[key].variants
        }
        for each in gone:
            self.missing_since.setdefault(each, now)

    def _are_seen(self, wanted: Mapping[str, Wanted]) -> None:
        """A run has found these products, and removed their marks as missing."""
        for key, name in [*self.missing_since]:
            if key in wanted and (not name or name in wanted[key].variants):
                del self.missing_since[key, name]

    def note(self, text: str) -> None:
        self.log.append(text)

    # --- what the source delivers -------------------------------------------------------------------------

    def wanted(self, rules: Rules | None = None) -> dict[str, Wanted]:
        sales = (rules or self.rules).sale_prices
        return {
            f"dummyjson:{key}": wanted_of(each, sale_prices=sales)
            for key, each in self.source.products.items()
        }

    def run(self, rules: Rules | None = None, **options: Any) -> Run:
        """A run of what the source has now, with other options."""
        rules = rules or self.rules
        self.used.add((rules.sale_prices, self.copies))
        chosen = {
            "accept_settings": len(self.used) > 1,
            "batch_size": self.batch_size,
            "concurrency": self.concurrency,
            "max_retries": self.retries,
            "on_conflict": "store" if rules.store_wins else "source",
            "on_missing": rules.on_missing,
            "max_removals": "100%",
            "overwrite": rules.overwrites,
        }
        if self.adopts and "undo" not in options:
            chosen["adopt"] = True
        if self.copies and "undo" not in options:
            chosen["copy_images"] = HOST
        if "undo" in options:  # these have no effect on it
            del chosen["on_conflict"], chosen["overwrite"]
        rows = deepcopy(list(self.rows.products))
        deleted, pictures = self.source.deleted, self.pictures
        return Run(
            chosen | options, rules, rows, self.wanted(rules), deleted, self.page_size, pictures=pictures
        )

    def file(self, ending: str) -> Path:
        self._files += 1
        return self.folder / f"{self._files}.{ending}"

    # --- runs -----------------------------------------------------------------------------------------------

    async def carry_out(self, *runs: Run) -> None:
        """Run at once, with the faults that are due; then the store finishes its work."""
        before, certain = deepcopy(self.oracle.products), self._certain()
        begins_whole = len(runs) == 1 and not self.oracle.may_clear_items
        machines, edits = [self.network.machine() for _ in runs], self.merchant.edits
        undone = self.states[UNDONE]
        self.network.forget()
        self.oracle.see(self.shop.items(), self.shop.locations)
        if self.oracle.theirs:  # the merchant may have changed the store as a whole
            now = stored_in(self.shop)
            self.oracle.theirs = {key: now[key] for key in self.oracle.theirs}
        self.states.update(set(before_runs(self, runs)))
        self.oracle.may_double_items |= len(runs) > 1
        await all_of(runs, self.store, machines)
        await self.network.idle()
        self.network.calm()
        self.store.between, self.pictures.faulty = None, 0
        self.states.update(set(of_runs(self, runs)))
        self.wanted_before = self.wanted()
        stored = self.products()
        self.removed |= {key for key in self.oracle.products if key not in stored}
        for run in runs:
            self._take_in(run, alone=len(runs) == 1)
        if len(runs) == 1 and self.merchant.edits == edits and runs[0].is_clean:
            self._has_arrived(runs[0].result)
        self._nothing_is_removed(certain, runs)
        if self.oracle.theirs and (changed := self.oracle.changed(stored_in(self.shop))):
            raise Broken("a product of the merchant was changed", changed)
        is_alone = len(runs) == 1 and self.merchant.edits == edits and self.network.has_written_records
        edited = {each.external_id for each in self.merchant.during}
        for key in (key for key in before if key in edited):  # a run may have read it before, or after that
            before[key].accept(deepcopy(self.oracle.products[key]))
        for run in runs:
            self._expect(run, alone=is_alone)
            self._files += 1
            file = run.result and keep(run.result, self._files, self.store, self.folder)
            if run.result and file and any(each.action for each in run.result.changes):
                left, is_undo = self.oracle.sets(), run.undoes is not None
                self.documents.append(Done(file, before, left, is_undo, begins_whole))
        if len(runs) > 1 and self.states[UNDONE] > undone and any(each.result is None for each in runs):
            self.oracle.may_have_lost_a_call()
        writes = [(ids_in(each.text), each.begin, each.end) for each in self.network.spans if each.is_write]
        self.merchant.accept_lost_edits(writes)
        self.merchant.delete_what_is_unclear()

    def _has_arrived(self, result: RunResult | None) -> None:
        """What a run reports is in the store."""
        is_edited = self.passing or self.network.after_write is not None
        if (
            result is not None
            and not is_edited
            and (left := missing(result, stored_in(self.shop), self.shop.source_of))
        ):
            raise Broken("the store does not have what was reported", left)

    async def calmly(self, run: Run) -> RunResult:
        """Run alone and without faults."""
        self.network.calm()
        await run.execute(self.store, self.network.machine())
        await self.network.idle()
        if run.result is None:
            raise Broken("a calm run was killed")
        self._take_in(run, alone=True)
        return run.result

    def merchant_deletes_own(self, own: str) -> None:
        """Delete a product that the merchant has created."""
        self.shop.delete(f"/admin/products/{own}")
        del self.oracle.theirs[own]

    def records(self) -> dict[str, Json]:
        """The records of products by id."""
        return {each["id"]: each["record"] for each in self.shop.summaries() if each["record"]}

    def products(self) -> set[str]:
        """The external ids in the store; fails if a product is stored twice."""
        found = Counter(each["external_id"] for each in self.shop.summaries() if each["external_id"])
        if twice := [key for key, count in found.items() if count > 1]:
            raise Broken("product twice", twice)
        return {*found}

    def _take_in(self, run: Run, *, alone: bool) -> None:
        """Check the conflicts of a run."""
        if run.result is None:
            self.note("    killed")
            return
        result = run.result
        counts = {each.value: count for each, count in result.counts.items() if count}
        self.note(f"    exit {result.exit_code}, {counts}{', ' + result.error if result.error else ''}")
        if self.undone or run.plan is not None or run.undoes is not None:
            return
        for outcome in result.changes:
            key = outcome.external_id or ""
            for each in outcome.conflicts:
                is_clearing = not alone and each.stored is None and each.field in {"sku", "barcode"}
                if is_clearing or key not in run.wanted:
                    continue
                if not self.oracle.explains(key, each.variant, each.field, run.wanted[key]):
                    raise Broken("conflict that nobody caused", (key, each))

    def _expect(self, run: Run, *, alone: bool) -> None:
        if run.undoes is not None:
            self.undone = self.was_undone = True
            done, surely = run.undoes, alone and run.is_clean and run.undoes.begins_whole
            self.oracle.may_have_undone(done.before, done.left, run.rules, surely=surely)
        elif alone and run.is_complete and run.plan is None and not self.passing:
            self.oracle.has_run(run.wanted, run.rules, run.keys_of_deleted)
            self._are_seen(run.wanted)
            self.compare(run.wanted)
        else:
            self.oracle.may_have_run(run.wanted, run.rules, run.keys_of_deleted, run.keys_left_alone)
            self.oracle.may_clear_items |= not run.is_clean

    def _certain(self) -> dict[str, Part]:
        """The products and variants that are certainly stored, by their ids."""
        products = {key: self.oracle.products[key] for key in self.oracle.known()}
        found = {each.store_id or "": (key, "") for key, each in products.items()}
        return found | {
            each.store_id: (key, name)
            for key, product in products.items()
            for name, each in product.variants.items()
            if each.store_id and not (each.is_gone or each.may_be_gone or each.may_return)
        }

    def _nothing_is_removed(self, certain: Mapping[str, Part], runs: Sequence[Run]) -> None:
        """Products and variants are deleted only by runs that may do that, and by the merchant."""
        summaries = self.shop.summaries()
        left = {own["id"] for each in summaries for own in (each, *each["variants"])}
        for own, (key, name) in certain.items():
            product = self.oracle.products[key]
            is_by_merchant = product.store_id not in left if name else product.store_id != own
            if name and not is_by_merchant:
                is_by_merchant = product.variants[name].is_gone
            missing_s = self.clock.true() - self.missing_since.get((key, name), self.clock.true())
            allowed = [run for run in runs if run.may_delete(key, name, missing_s)]
            if own not in left and not is_by_merchant and not allowed:
                raise Broken(f"a {'variant' if name else 'product'} was deleted", (key, name))

    def needs_a_hand(self, problems: Collection[Outcome]) -> bool:
        """Whether variants have got the option values of others, by an undo, and nothing else fails."""
        reasons = [each.reason for each in problems]
        return self.was_undone and bool(reasons) and all("the same option values" in each for each in reasons)

    # --- when the faults have ended -------------------------------------------------------------------------

    async def settle(self) -> None:
        """Runs without faults make the store match source and merchant; then a run writes nothing."""
        while self.passing:
            self.passing.pop()()
        if self.copies:
            await asyncio.sleep(A_WEEK_S)  # images that could not be copied are tried again
        self.oracle.see(self.shop.items(), self.shop.locations)
        wanted, begin = self.wanted(), len(self.network.sent)
        deleted = self.run().keys_of_deleted
        for _ in range(SETTLING_RUNS):
            result = await self.calmly(self.run())
            if result.exit_code == 0:
                break
        if self.needs_a_hand(result.problems):
            self.oracle.may_have_run(wanted, self.rules, deleted)
            return
        if result.exit_code:
            raise Broken("it does not settle", (result.error, list(result.problems)[:3]))
        sent = sum(each.path != "/admin/uploads" for each in self.network.sent[begin:])
        if sent > SETTLED_REQUESTS:
            raise Broken("too many requests to settle", sent)
        await self.stays_quiet()
        if self.copies and (left := self._not_copied()):
            raise Broken("an image is not copied", left)
        self.oracle.has_run(wanted, self.rules, deleted)
        self._are_seen(wanted)
        self.compare(wanted)
        self.used, self.undone = {(self.rules.sale_prices, self.copies)}, False
        self.source.settle()

    def _not_copied(self) -> list[str]:
        """The images that products have at the source, and that the source still gives for them."""
        rows = {f"dummyjson:{key}": each for key, each in self.source.products.items()}
        return [
            f"{product['external_id']} {url}"
            for product in self.shop.products()
            for url in (*(each["url"] for each in product["images"]), product["thumbnail"])
            if (row := rows.get(product["external_id"]))
            and url in (*row.get("images", ()), row.get("thumbnail"))
        ]

    def outdated(self) -> list[str]:
        """The copies in products that the source still has, and that show images as they were before."""
        return [
            f"{product['external_id']} {url}"
            for product in self.shop.products()
            if product["external_id"] in self.wanted()
            for url in (
                *(each["url"] for each in product["images"]),
                *(each["thumbnail"] for each in (product, *product["variants"]) if each.get("thumbnail")),
            )
            if (content := self.shop.content_of(url.rpartition("/")[2]))
            and not is_current(content, self.pictures)
        ]

    def compare(self, wanted: Mapping[str, Wanted]) -> None:
        """The store has what the oracle expects after a run that did everything."""
        self.products()
        stored = stored_in(self.shop)
        variants = [each for product in stored.values() for each in product.variants.values()]
        used = {own for each in variants for own in each.others["ids of items"]}
        # Items that no variant uses any more, and that have stock, are not deleted.
        left = [each for each in self.shop.items() if each["id"] not in used]
        stocked = [each for each in left if any(own["stocked_quantity"] for own in each["location_levels"])]
        self.oracle.kept_skus = {each["sku"] for each in stocked}
        if deviations := self.oracle.deviations(stored, wanted):
            raise Broken(_kind(deviations[0]), "\n".join(deviations))
        self.oracle.learn(stored)
        self._are_in_order(wanted, stored)
        self.merchant.forget()

    def _are_in_order(self, wanted: Mapping[str, Wanted], stored: Mapping[str, Stored]) -> None:
        """Ranks are those of the source, unless an undo has given back earlier ones."""
        for key, each in wanted.items():
            known = self.oracle.products[key]
            if key in stored and not self.was_undone:
                held = {own: one.rank for own, one in stored[key].variants.items()}
                ids = [known.variants[name].store_id for name in each.variants if name in known.variants]
                ranks = [held[own] for own in ids if own in held]
                if any(one >= two for one, two in pairwise(ranks)):
                    raise Broken("variants are in another order", (key, ranks))

    async def stays_quiet(self) -> None:
        """A run has nothing to do, or nothing that it can do without a hand."""
        count, begin, images = len(self.wanted()), len(self.network.sent), len(self.pictures.requests)
        result = await self.calmly(self.run())
        writes = [each for each in self.network.sent[begin:] if each.is_write]
        counts = {each.value: count for each, count in result.counts.items() if count}
        is_quiet = counts == ({"unchanged": count} if count else {}) or self.needs_a_hand(result.problems)
        if not is_quiet or writes or result.conflicts:
            raise Broken("not quiet", (counts, list(result.changes), list(result.problems), writes[:3]))
        if len(self.pictures.requests) > images:
            raise Broken("a quiet run downloads images", self.pictures.requests[images:])


def _kind(deviation: str) -> str:
    """What kind of deviation it is: without ids, keys and values."""
    words = [each for each in deviation.partition(": ")[2].split() if each.isalpha()]
    return "store differs: " + " ".join(words[:4])
