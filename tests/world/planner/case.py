"""A case of the planner: what source and merchant do before a plan, and which write was killed before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Final

from msgspec import Struct, structs

from medusa_sync.core.change import Change, creation
from medusa_sync.core.plan import plan_update
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.recorded import is_recorded
from medusa_sync.core.selection import PlanSettings, Selection
from medusa_sync.errors import ProductFailedError
from tests.world.planner import merchant, source
from tests.world.planner.expected import Run
from tests.world.planner.shop import Shop, contents
from tests.world.planner.source import Edit

_ROUNDS: Final = 3
DEFAULTS: Final = PlanSettings()


class Case(Struct, frozen=True):
    """One history.

    Attributes:
        first: what makes the product that is created.
        killed: what the source changed before a write that was killed, and after how many commits; None if
            none was.
        merchant: what was edited in the store since.
        later: what the source changed before the plan.
        how: the seed of the options of the run.
        is_available: stock of the source is what no order has reserved.
    """

    first: list[Edit]
    killed: tuple[list[Edit], int] | None
    merchant: list[Edit]
    later: list[Edit]
    how: int
    is_available: bool = False


def case(seed: int) -> Case:
    draw = Random(seed)
    first = source.drawn(draw, source.EDITS, draw.randint(1, 14))
    killed = (source.drawn(draw, source.EDITS, draw.randint(1, 3)), draw.randint(0, 8))
    edits = source.drawn(draw, merchant.EDITS, draw.randint(0, 3))
    later = source.drawn(draw, source.EDITS, draw.randint(0, 4))
    is_killed, how = draw.random() < 0.4, draw.getrandbits(32)
    return Case(first, killed if is_killed else None, edits, later, how, draw.random() < 0.3)


def options(seed: int) -> tuple[PlanSettings, Run]:
    """How a run decides, without what needs other products; the second form is that of the oracle."""
    draw = Random(seed)
    chosen = draw.choice(
        [*[None] * 6, {"price"}, {"stock", "title"}, {"variants", "tags"}, {"metadata", "sku"}]
    )
    skipped = draw.choice([*[()] * 6, ("price",), ("description", "images"), ("variants",)])
    sides = {name: draw.choice([*OnConflict]) for name in draw.sample(["title", "price", "variants"], 2)}
    policy = draw.choice([ConflictPolicy(), ConflictPolicy(OnConflict.STORE), ConflictPolicy(sides=sides)])
    only, skip, overwrite = frozenset(chosen) if chosen else None, frozenset(skipped), draw.random() < 0.15
    how = PlanSettings(policy, overwrite=overwrite, selection=Selection(only, skip))
    return how, Run(only, skip, policy, overwrite)


class World:
    """A case that is played up to the plan, which checks continue.

    Attributes:
        first: what the source wanted when the product was created.
        desired: what it wants now.
        shop: the store as the plan finds it.
        before: what it held before the merchant's edits.
        edited: what it holds since.
        how: the run decides.
        run: the same for the oracle.
    """

    def __init__(self, played: Case) -> None:
        row = source.edited(source.new_row(), played.first)
        self.first = _wanted(row, played)
        self.shop = Shop(is_available=played.is_available)
        self.shop.create(creation(self.first, "shirt"))
        if played.killed is not None:
            row = source.edited(row, played.killed[0])
            self.kill(_wanted(row, played), played.killed[1])
        self.before = contents(self.shop)
        merchant.edit(self.shop, played.merchant)
        self.edited = contents(self.shop)
        self.desired = _wanted(source.edited(row, played.later), played)
        self.how, self.run = options(played.how)

    def kill(self, desired: DesiredProduct, commits: int, how: PlanSettings = DEFAULTS) -> bool:
        """Write a product, but only so many commits; returns whether some were left."""
        change = self.plan(desired, how)
        if change is None or is_recorded(change):
            return False
        return sum(1 for _ in islice(self.shop.commits(change), commits)) == commits

    @property
    def ids(self) -> dict[str, str]:
        """Ids of variants by key."""
        record = self.shop.product.record
        return {key: entry.id for key, entry in record.variants.items() if entry.id} if record else {}

    @property
    def by_key(self) -> dict[tuple[str, str], object]:
        """What the store holds, by key of the variant."""
        keys = {own: key for key, own in self.ids.items()}
        held = contents(self.shop)
        return {(own and keys.get(own, own), name): value for (own, name), value in held.items()}

    def plan(self, desired: DesiredProduct, how: PlanSettings) -> Change | None:
        """Plan an update; None if Medusa does not support it."""
        stored = self.shop.read()
        how = structs.replace(how, selection=how.selection.for_record(stored.record))
        try:
            change = plan_update(desired, stored, how)
        except ProductFailedError:
            return None
        return None if change.blocked else change

    def is_passed_over(self, desired: DesiredProduct, selection: Selection) -> bool:
        """Whether a run does not read the product, because of what its record says."""
        record = self.shop.product.record
        if record is None or not record.is_settled:
            return False
        place = record.locations.get("", "") if selection.has("stock") else ""
        is_same = record.source == desired.digest and place in {"", desired.locations.get("")}
        return is_same or selection.is_up_to_date(record, desired)

    def settle(self, desired: DesiredProduct, how: PlanSettings) -> bool:
        """Plan and apply until nothing is left; returns whether the product can be written at all."""
        left: object = None
        for _ in range(_ROUNDS):
            if not how.overwrite and self.is_passed_over(desired, how.selection):
                return True
            change = self.plan(desired, how)
            if change is None:
                return False
            if is_recorded(change):
                return True
            for _ in self.shop.commits(change):
                pass
            how = structs.replace(how, overwrite=False)  # with it, each run compares with the store
            left = change.changes or change.steps or change.conflicts or "only the record"
        raise AssertionError(f"not settled after {_ROUNDS} rounds: {left}")


def _wanted(row: source.Row, played: Case) -> DesiredProduct:
    desired = source.desired(row, is_available=played.is_available)
    assert desired is not None, row
    return desired


def shrunk(failing: Case, fails: Callable[[Case], bool]) -> Case:
    """A smaller case that still fails: edits are left out while it does."""
    while (smaller := next((each for each in _smaller(failing) if fails(each)), None)) is not None:
        failing = smaller
    return failing


def _smaller(each: Case) -> Iterator[Case]:
    if each.killed is not None:
        yield structs.replace(each, killed=None)
        edits, commits = each.killed
        yield from (structs.replace(each, killed=(less, commits)) for less in _without_one(edits))
    for name in ("merchant", "later", "first"):
        yield from (structs.replace(each, **{name: less}) for less in _without_one(getattr(each, name)))


def _without_one(edits: list[Edit]) -> Iterator[list[Edit]]:
    for index in range(len(edits)):
        yield edits[:index] + edits[index + 1 :]
