"""Bulk calls: what is sent again after a refusal, and what the ordinary route gets."""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import msgspec
import pytest

from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.http import Query
from medusa_sync.medusa.bulk import Bulk, Revision
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.operations import CREATE_PRODUCTS, Body

pytestmark = pytest.mark.anyio

T = TypeVar("T")
BULK = "/admin/workflows-executions/create-products/run"
ORDINARY = "/admin/products/batch"


class Store(MedusaClient):
    """Creates products.

    Attributes:
        is_stopping: the run ends.
        refused: numbers of products that are refused.
        status: of a refusal.
        is_old: the store does not offer the bulk route.
        stops: the run ends with the first request.
        calls: the path of each request, and its products.
        created: the external ids of created products.
        hidden: those that responses lack.
    """

    is_stopping = False

    def __init__(
        self, refused: Collection[int] = (), *, status: int = 400, is_old: bool = False, stops: bool = False
    ) -> None:
        self.refused = {external_id(number) for number in refused}
        self.status = status
        self.is_old = is_old
        self.stops = stops
        self.calls: list[tuple[str, list[dict[str, Any]]]] = []
        self.created: list[str] = []
        self.hidden: set[str] = set()

    async def post(self, path: str, body: Any, type_: type[T], *, query: Query = ()) -> T:
        products = body["input"]["products"] if path == BULK else body["create"]
        self.calls.append((path, products))
        self.is_stopping = self.stops
        if path == BULK and self.is_old:
            raise StoreRefusedError("forbidden", status=403)
        culprits = sorted(self.refused & {each["external_id"] for each in products})
        if culprits:
            kind = AmbiguousWriteError if self.status == 500 else StoreRefusedError
            raise kind(f"refused: {' '.join(culprits)}", status=self.status)
        self.created += [each["external_id"] for each in products]
        if path == BULK:
            return msgspec.convert({"acknowledgement": {"hasFinished": True, "hasFailed": False}}, type_)
        assert query == [("fields", "id,external_id")]
        created = [
            {"id": f"id of {each['external_id']}", **each}
            for each in reversed(products)
            if each["external_id"] not in self.hidden
        ]
        return msgspec.convert({"created": created}, type_)

    def sent(self, path: str) -> list[list[int]]:
        """The numbers of the products of each request to a path."""
        return [
            [int(each["external_id"].partition(":")[2]) for each in products]
            for sent_to, products in self.calls
            if sent_to == path
        ]


def external_id(number: int) -> str:
    return f"dummyjson:{number}"


def products(*numbers: int, generation: int = 0) -> list[Body]:
    return [
        {
            "id": f"prod_{number}_{generation}",
            "external_id": external_id(number),
            "variants": [{"id": f"variant_{number}_{generation}", "title": "Default"}],
        }
        for number in numbers
    ]


async def create(store: Store, bodies: Sequence[Body], revise: Revision | None = None) -> list[str]:
    """The results: ids, or messages."""
    return list(map(str, await Bulk(store).run(CREATE_PRODUCTS, bodies, revise=revise)))


def ids(bodies: Sequence[Body]) -> list[str]:
    return [each["id"] for each in bodies]


# --- a part of a call is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("culprit", range(1, 8))
@pytest.mark.parametrize("status", [400, 500])
async def test_a_refused_product_fails_alone(culprit: int, status: int) -> None:
    store = Store({culprit}, status=status)
    results = await create(store, products(*range(8)))
    assert results.pop(culprit) == f"refused: {external_id(culprit)}"
    others = [number for number in range(8) if number != culprit]
    for number, result in zip(others, results, strict=True):
        assert result in {f"prod_{number}_0", f"id of {external_id(number)}"}
    assert sorted(store.created) == list(map(external_id, others)), "each of them once"
    for path in (BULK, ORDINARY):
        calls = store.sent(path)
        assert len({*map(tuple, calls)}) == len(calls), "no call is sent twice"


@pytest.mark.parametrize(
    ("culprit", "sent"),
    [
        (5, [[0, 1, 2, 3], [4, 5], [4], [6, 7]]),  # after a half that succeeded, the other one is not sent
        (1, [[0, 1, 2, 3], [0, 1], [0], [2, 3, 4, 5, 6, 7]]),  # the rest is sent together
    ],
)
@pytest.mark.parametrize("is_old", [False, True])
async def test_the_culprit_is_found_with_few_calls(
    *, culprit: int, sent: list[list[int]], is_old: bool
) -> None:
    store = Store({culprit}, is_old=is_old)
    results = await create(store, products(*range(8)))
    assert results[culprit] == f"refused: {external_id(culprit)}"
    if is_old:
        alone = sent.index([culprit - 1]) + 1
        assert store.sent(ORDINARY) == [[*range(8)], *sent[:alone], [culprit], *sent[alone:]]
        assert len(store.sent(BULK)) == 1
    else:
        assert store.sent(BULK) == [[*range(8)], *sent]
        assert store.sent(ORDINARY) == [[culprit]]


async def test_a_store_that_fails_every_write_gets_only_two_products_more() -> None:
    store = Store(range(8), status=500)
    with pytest.raises(AmbiguousWriteError, match=external_id(1)):
        await create(store, products(*range(8)))
    assert (store.sent(BULK), store.sent(ORDINARY)) == ([[*range(8)], [0], [1]], [[0], [1]])


@pytest.mark.parametrize("status", [400, 500])
async def test_nothing_is_sent_any_more_once_the_run_ends(status: int) -> None:
    store = Store({5}, status=status, stops=True)
    results = await create(store, products(*range(8)), never)
    assert results == [f"refused: {external_id(5)}"] * 8
    assert len(store.calls) == 1


# --- revised bodies -------------------------------------------------------------------------------------


async def never(_bodies: Sequence[Body]) -> Sequence[Body]:
    raise AssertionError


class Reviser:
    """Gives products the ids of their next generation; returns the same bodies if there is nothing to do.

    Attributes:
        seen: the bodies of each call.
    """

    def __init__(
        self, store: Store, *, helps: bool = True, changes: bool = True, stops: bool = False
    ) -> None:
        self._store = store
        self._helps = helps
        self._changes = changes
        self._stops = stops
        self.seen: list[list[Body]] = []

    async def __call__(self, bodies: Sequence[Body]) -> Sequence[Body]:
        self.seen.append([*bodies])
        self._store.stops = self._stops
        if self._helps:
            self._store.refused = set()
        numbers = [int(each["external_id"].partition(":")[2]) for each in bodies]
        return products(*numbers, generation=1) if self._changes else bodies


async def test_a_call_that_is_not_refused_is_not_revised() -> None:
    bodies = products(1, 2)
    assert await create(Store(), bodies, never) == ids(bodies)


@pytest.mark.parametrize("status", [400, 500])
async def test_a_refused_call_is_revised_and_sent_once_more(status: int) -> None:
    store, bodies = Store({1}, status=status), products(1, 2)
    revise = Reviser(store)
    assert await create(store, bodies, revise) == ["prod_1_1", "prod_2_1"]
    assert revise.seen == [bodies]
    assert store.calls == [(BULK, bodies), (BULK, products(1, 2, generation=1))]


@pytest.mark.parametrize("changes", [True, False])
async def test_a_call_that_stays_refused_is_halved_and_not_revised_again(*, changes: bool) -> None:
    store, number = Store({1}), int(changes)
    revise = Reviser(store, helps=False, changes=changes)
    assert (await create(store, products(1, 2), revise))[1] == f"prod_2_{number}"
    assert len(revise.seen) == 1
    assert store.sent(BULK) == [*([[1, 2]] * (1 + number)), [1], [2]]
    assert ids(store.calls[-1][1]) == [f"prod_2_{number}"]


@pytest.mark.parametrize("status", [400, 500])
async def test_nothing_is_sent_after_a_revised_call_once_the_run_ends(status: int) -> None:
    store = Store({1}, status=status)
    results = await create(store, products(1, 2), Reviser(store, helps=False, stops=True))
    assert results == [f"refused: {external_id(1)}"] * 2
    assert store.sent(BULK) == [[1, 2], [1, 2]]
    assert store.sent(ORDINARY) == []


# --- the ordinary route ---------------------------------------------------------------------------------


async def test_a_store_without_the_bulk_route_creates_all_products_in_one_call() -> None:
    store, bodies = Store(is_old=True), products(*range(8))
    bulk = Bulk(store)
    for _ in range(2):
        assert await bulk.run(CREATE_PRODUCTS, bodies) == [
            f"id of {external_id(number)}" for number in range(8)
        ]
    assert len(store.sent(BULK)) == 1
    assert store.sent(ORDINARY) == [[*range(8)]] * 2


@pytest.mark.parametrize("is_old", [True, False])
async def test_the_ordinary_route_gives_ids_itself(*, is_old: bool) -> None:
    store = Store({1}, is_old=is_old)
    await create(store, products(1, 2))
    for path, sent in store.calls:
        for each in sent:
            assert ("id" in each) == (path == BULK)
            assert [variant.keys() >= {"id"} for variant in each["variants"]] == [path == BULK]


async def test_a_product_that_the_response_lacks_may_have_been_created() -> None:
    store = Store(is_old=True)
    store.hidden = {external_id(1)}
    with pytest.raises(AmbiguousWriteError, match="lacks products"):
        await create(store, products(1, 2))
