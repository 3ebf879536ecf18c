"""A store with Redis and two servers: bulk writes give the same answers as on the other stores."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import httpx
import pytest

from tests.contract.conftest import product  # noqa: F401 - a fixture of these tests
from tests.contract.midway import Midway, real_midway
from tests.contract.shirts import CREATE, add_values, new, shirt, skus
from tests.contract.shop import Shop, View, workflow_path
from tests.contract.test_bulk_products import (  # noqa: F401 - these tests run here too
    test_one_refused_product_refuses_the_call_without_a_reason,
    test_products_are_created_with_ids_of_our_own,
)
from tests.contract.test_bulk_undoing import (  # noqa: F401 - as above
    test_an_edit_that_is_saved_before_the_undoing_is_lost,
    test_an_undone_update_keeps_prices_but_also_new_metadata_and_options,
    two_shirts,
)
from tests.contract.test_terms import (  # noqa: F401 - as above
    term,
    test_an_id_that_exists_refuses_the_whole_call,
    test_categories_of_several_levels_are_created_parents_first,
    test_items_are_created_with_their_stock_or_not_at_all,
)
from tests.contract.test_variant_updates import (  # noqa: F401 - as above
    test_everything_of_several_variants_can_change_in_one_call,
    test_one_refused_row_changes_nothing,
    update,
)
from tests.contract.test_variants import (  # noqa: F401 - as above
    products,
    test_deleting_variants_deletes_their_items_but_no_option_value,
    test_one_refused_variant_refuses_the_call,
    test_variants_of_many_products_are_created_in_one_call,
)
from tests.harness.command import medusa_sync
from tests.harness.dummyjson import DummyJson
from tests.harness.medusa import Store, running_instances
from tests.harness.postgres import Postgres
from tests.harness.redis import running_redis
from tests.tiers import deep, needed

SIZE = 20

pytestmark = [deep, pytest.mark.xdist_group("Redis")]


@pytest.fixture(scope="module")
def instances(postgres: Postgres) -> Iterator[list[Store]]:
    program = needed("redis-server", "redis-server")
    with running_redis(program) as url, running_instances(postgres, url, 2) as stores:
        yield stores


@pytest.fixture(autouse=True)
def stores(instances: list[Store]) -> list[Store]:
    """Both servers, with a fresh store."""
    for instance in instances:
        instance.wait_until_idle()
    instances[0].reset()
    return instances


class _InTurns(httpx.HTTPTransport):
    """Sends each request to another server than the last one."""

    def __init__(self, ports: list[int]) -> None:
        super().__init__()
        self._ports = cycle(ports)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(port=next(self._ports))
        return super().handle_request(request)


@pytest.fixture
def shop(stores: list[Store]) -> Iterator[Shop]:
    store = stores[0]
    transport = _InTurns([httpx.URL(each.url).port or 0 for each in stores])
    with httpx.Client(
        transport=transport, base_url=store.url, auth=(store.api_key, ""), timeout=60
    ) as client:
        yield Shop(store, client)


@pytest.fixture
def midway(stores: list[Store], shop: Shop) -> Midway:
    return real_midway(stores[0].database_url, shop)


def test_of_eight_equal_calls_at_once_one_succeeds(shop: Shop) -> None:
    wanted = add_values(shop, shirt(shop), "Size", "L")
    tags = {"product_tags": [{"id": "ptag_own", "value": "red"}, {"value": "blue"}]}
    variants = {"product_variants": [new(wanted, "L", 1, id="variant_own")]}
    calls: list[tuple[str, dict[str, list[View]]]] = [("create-product-tags", tags), (CREATE, variants)]
    for workflow_id, given in calls:
        with ThreadPoolExecutor(8) as pool:
            sent = [
                pool.submit(shop.send, "POST", workflow_path(workflow_id), {"input": given}) for _ in range(8)
            ]
        answers = sorted(each.result().status_code for each in sent)
        assert answers == [200, *[400 if workflow_id == "create-product-tags" else 500] * 7]
    assert shop.call("GET", "/admin/product-tags")["count"] == 2
    seen = shop.product(wanted["id"])
    (own,) = [each for each in seen["variants"] if each["id"] == "variant_own"]
    assert (len(seen["variants"]), len(own["prices"]), len(own["inventory_items"])) == (5, 2, 1)
    assert len(skus(shop)) == 5


def test_what_is_synced_through_one_server_is_up_to_date_through_the_other(
    stores: list[Store], source: DummyJson
) -> None:
    counts = []
    for store in (*stores, stores[1]):
        run = medusa_sync("--source", source.url, "--json", store=store)
        assert run.exit_code == 0, run.document["problems"]
        counts.append(run.counts)
        if len(counts) == 2:
            source.edit(1, price=12.5, tags=["new"], stock=3)
    changed = {"updated": 1, "unchanged": SIZE - 1}
    assert counts == [{"created": SIZE}, {"unchanged": SIZE}, changed]
