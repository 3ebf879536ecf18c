"""What would keep customers from buying is said in one line each, with what to do."""

from collections import Counter
from typing import Any

import pytest
from msgspec import structs

from medusa_sync.core.change import creation
from medusa_sync.core.entities import Entity, NamedEntity
from medusa_sync.core.kinds.channels import SELLING, Channel, Sold
from medusa_sync.core.kinds.images import Shown
from medusa_sync.core.kinds.prices import REGIONS, Paid, Region
from medusa_sync.core.kinds.stock import LOCATIONS
from medusa_sync.core.names import StoreNames
from medusa_sync.core.placement import Placement
from tests.unit.builders import desired_product

PLACES = LOCATIONS.having([NamedEntity("sloc_1", "Berlin"), NamedEntity("sloc_2", "Paris")])
EUROPE, AMERICA = Region("reg_1", "Europe", "eur"), Region("reg_2", "America", "usd")
EVERYWHERE = (("usd", ""), ("eur", ""))


def channel(name: str, *locations: str, is_disabled: bool = False) -> Channel:
    return Channel(f"sc_{name}", name, is_disabled, tuple(map(Entity, locations)))


def lines(*channels: Channel, regions: Any = (EUROPE, AMERICA), **offer: Any) -> list[str]:
    """What is said about an offer; by default, it can be bought in the sales channel `Web`."""
    given = {
        "channels": {"Web"},
        "locations": {"sloc_1"},
        "currencies": {"usd"},
        "prices": Counter({frozenset(EVERYWHERE): 5}),
        **offer,
    }
    sold = Sold(given["channels"], given["locations"])
    paid = Paid(given["currencies"], given["prices"])
    names = StoreNames().having(PLACES, SELLING.having(channels or [channel("Web", "sloc_1")]))
    names = names if regions is None else names.having(REGIONS.having(regions))
    return [*sold.obstacles(names), *paid.obstacles(names)]


def test_nothing_is_said_of_what_can_be_bought() -> None:
    assert lines() == []
    assert lines(channel("Web", "sloc_1"), channel("Other", is_disabled=True)) == []


@pytest.mark.parametrize("named_by", ["sc_Web", "Web"])
def test_a_disabled_channel_is_named_once(named_by: str) -> None:
    [line] = lines(channel("Web", "sloc_1", is_disabled=True), channels={named_by})
    assert line.startswith("Customers cannot buy in 'Web', because the sales channel is disabled. Enable it")


@pytest.mark.parametrize(
    ("locations", "channels", "said"),
    [
        ("1", [channel("Web")], ["'Berlin' counts as 0 in 'Web',"]),
        ("1", [channel("Web", "sloc_2"), channel("Shop", "sloc_1")], ["'Berlin' counts as 0 in 'Web',"]),
        ("12", [channel("Web"), channel("Shop")], ["'Berlin', 'Paris' counts as 0 in 'Web', 'Shop',"]),
        ("12", [channel("Web", "sloc_1"), channel("Shop", "sloc_2")], []),
        ("12", [channel("Web", "sloc_1", "sloc_9")], ["'Paris' counts as 0 in 'Web',"]),
        ("", [channel("Web")], []),
        ("1", [structs.replace(channel("Web"), stock_locations=None)], []),
        ("1", [structs.replace(channel("Web"), stock_locations=(None,))], ["counts as 0 in 'Web',"]),
    ],
)
def test_each_channel_needs_a_location_and_each_location_a_channel(
    locations: str, channels: list[Channel], said: list[str]
) -> None:
    ids = {f"sloc_{number}" for number in locations}
    found = lines(*channels, channels={each.id for each in channels}, locations=ids)
    assert len(found) == len(said)
    assert all(words in line for words, line in zip(said, found, strict=True))


def test_a_currency_without_a_region_is_named() -> None:
    [line] = lines(regions=[EUROPE], currencies={"usd", "eur", "gbp"})
    assert line.startswith("No region has the currency 'gbp', 'usd', so no customer")
    assert "Settings > Regions" in line
    assert len(lines(regions=[])) == 1
    assert lines(regions=None) == [], "a role may hide regions"


def test_products_without_a_price_are_counted_for_each_region() -> None:
    prices = {EVERYWHERE: 5, (("usd", ""),): 1_200, (("usd", "reg_2"), ("eur", "reg_9")): 3, (): 1}
    [line] = lines(prices=Counter({frozenset(own): count for own, count in prices.items()}))
    assert line.startswith(
        "Products without a price for a region: 1,204 for 'Europe' (eur), 1 for 'America' (usd). Customers"
    )


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:9000/a.png", "localhost:9000"),
        ("https://user:secret@minio/bucket/a.png", "minio"),
        ("http://192.168.0.7/a.png", "192.168.0.7"),
        ("http://[::1]:9000/a.png", "[::1]:9000"),
        ("http://NAS.local/a.png", "NAS.local"),
        ("https://cdn.example.com/localhost/a.png", ""),
        ("https://93.184.215.14/a.png", ""),
        ("a.png", ""),  # of a merchant, restored by an undo
    ],
)
@pytest.mark.parametrize("of", ["images", "thumbnail", "variants"])
def test_products_with_images_at_private_addresses_are_counted_once(url: str, address: str, of: str) -> None:
    offer, variant = Shown(), {"sku": "A", "price": 1, "image": url, "options": {"Size": "S"}}
    fields: dict[str, Any] = {"images": [url, f"{url}?2"], "thumbnail": url, "variants": [variant]}
    clean = {"images": [], "thumbnail": "", "sku": "A"}
    for number in (1, 2):
        desired = desired_product(number, **clean | {of: fields[of]})
        offer.add(creation(structs.replace(desired, locations={"": "sloc_1"}), "a"), Placement("sc_1"))
    assert (offer.unseen, offer.address) == ((2, address) if address else (0, ""))
