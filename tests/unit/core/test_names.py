"""What a name means in a store, or why it means nothing."""

import pytest

from medusa_sync.core.entities import NamedEntity
from medusa_sync.core.kinds.channels import SALES_CHANNELS
from medusa_sync.core.kinds.prices import CURRENCIES, REGIONS, Region
from medusa_sync.core.kinds.stock import LOCATIONS
from medusa_sync.core.kinds.texts import LOCALES
from medusa_sync.core.names import StoreNames
from medusa_sync.core.product import DesiredProduct, DesiredVariant
from medusa_sync.core.record import Record
from medusa_sync.core.resolve import added_members, refusal, refused_gain, resolved
from medusa_sync.core.value import Value

SHOPS = [NamedEntity("sc_1", "Web"), NamedEntity("sc_2", "Fair"), NamedEntity("sc_3", "Web")]
STORE = StoreNames(location_id="sloc_1").having(
    CURRENCIES.having([NamedEntity("eur", "eur")]),
    LOCATIONS.having([NamedEntity("sloc_1", "Berlin"), NamedEntity("sloc_2", "Riga")]),
    REGIONS.having([Region("reg_1", "Europe", "eur")]),
    SALES_CHANNELS.having(SHOPS),
    LOCALES.having([NamedEntity("de-DE", "de-DE")]),
)


def product(own: dict[str, Value] | None = None, **variant: Value) -> DesiredProduct:
    fields = {name.replace("__", "."): value for name, value in variant.items()}
    only = DesiredVariant("", "", fields)
    return DesiredProduct("x:1", "1", "eur", {"title": "Cup", **(own or {})}, (only,), digest="d")


@pytest.mark.parametrize(
    ("name", "own"), [("Fair", "sc_2"), ("sc_1", "sc_1"), ("Web", ""), ("fair", ""), ("", "")]
)
def test_a_name_means_the_only_one_that_has_it_and_an_id_means_itself(name: str, own: str) -> None:
    assert SALES_CHANNELS.having(SHOPS).find(name) == own


def test_regions_are_found_in_any_case() -> None:
    regions = REGIONS.having(
        [NamedEntity("reg_1", "Europe"), NamedEntity("reg_2", "ASIA"), NamedEntity("reg_3", "Asia")]
    )
    assert (regions.find("EUROPE"), regions.find("asia")) == ("reg_1", "")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "Shop",
            (
                "the store has no sales channel 'Shop', only: 'Fair', 'Web' (sc_1), 'Web' (sc_3); "
                "add it in the admin (Settings > Sales Channels), or ask"
            ),
        ),
        ("Web", "the store has several sales channels 'Web' (sc_1, sc_3); give an id, or ask"),
    ],
)
def test_what_a_name_lacks_comes_with_a_remedy(name: str, reason: str) -> None:
    assert SALES_CHANNELS.having(SHOPS).lacks(name, "ask") == reason


def test_a_store_without_any_says_so() -> None:
    assert LOCATIONS.problem("Berlin").endswith("only: none")
    assert "MEDUSA_FF_TRANSLATION" in LOCALES.problem("de-DE")


def test_a_product_gets_the_ids_of_what_it_names() -> None:
    wanted = product({"sales_channels": ("Fair", "sc_1", "Shop")}, price__eur__Europe=1, stock__Riga=2)
    found = resolved(wanted, STORE)
    assert found.named["sales_channels"] == {"Fair": "sc_2", "sc_1": "sc_1"}
    assert found.locations == {"": "sloc_1", "Riga": "sloc_2"}
    assert found.regions == {"europe": "reg_1"}
    assert found.digest == "d"


def test_channels_of_a_saved_plan_are_those_of_the_store_of_today() -> None:
    planned = resolved(product({"sales_channels": ("Fair",)}), STORE)
    assert resolved(planned, StoreNames(location_id="sloc_1")).named["sales_channels"] == {}


def test_what_the_store_cannot_have_is_left_out_and_the_digest_with_it() -> None:
    wanted = product({"translation.fr-FR.title": "Tasse", "translation.de-DE.title": "Becher"}, stock=1)
    found = resolved(wanted, STORE)
    assert (set(found.fields), found.digest) == ({"title", "translation.de-DE.title"}, "")
    found = resolved(wanted, StoreNames())
    assert (found.variants[0].fields, found.digest, found.locations) == ({}, "", {})


@pytest.mark.parametrize(
    ("fields", "start"),
    [
        ({"price": 1, "price.eur.Europe": 1, "stock": 1, "stock.Riga": 2}, ""),
        ({"price.gbp": 1}, "price.gbp: the store has no currency 'gbp', only: 'eur'; add it"),
        ({"price.eur.Asia": 1}, "price.eur.Asia: the store has no region 'Asia', only: 'Europe'; add"),
        ({"price": 1, "price.eur": 2}, "price and price.eur are the same price"),
        (
            {"stock.Rome": 1},
            "stock.Rome: the store has no stock location 'Rome', only: 'Berlin', 'Riga'; add",
        ),
        ({"stock": 1, "stock.Berlin": 1}, "stock and stock.Berlin are the same stock location"),
    ],
)
def test_values_that_the_store_cannot_use_are_refused(fields: dict[str, Value], start: str) -> None:
    reason = refusal(resolved(product(None, **fields), STORE), {}, STORE, "ask")
    assert reason.startswith(start)
    assert bool(reason) is bool(start)


def test_only_channels_that_a_product_gets_have_to_exist() -> None:
    wanted = resolved(product({"sales_channels": ("Shop",)}), STORE)
    assert refusal(wanted, {}, STORE, "ask") == ""
    reason = refusal(wanted, {"sales_channels": ["Fair", "Shop"]}, STORE, "ask")
    assert reason.startswith("the store has no sales channel 'Shop'")
    assert refused_gain({"sales_channels": ["Shop"]}, StoreNames(), "ask") == "", "they were not read"


def test_added_channels_are_those_that_no_record_has() -> None:
    wanted = product({"sales_channels": ("Web", "Fair")})
    assert added_members("sales_channels", wanted, []) == ("Web", "Fair")
    assert added_members("sales_channels", wanted, [Record(fields={"sales_channels": ("Web",)})]) == ("Fair",)
    assert added_members("sales_channels", product(), [Record(fields={"sales_channels": ("Web",)})]) == ()
