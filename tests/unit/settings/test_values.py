"""The values of settings: what is valid, and what a message expects."""

import ssl

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medusa_sync.core.fields import OPTION, setting_names
from medusa_sync.core.ids import Shard
from medusa_sync.core.policy import ConflictPolicy, OnConflict, Share
from medusa_sync.settings.options import OPTIONS


@pytest.mark.parametrize("text", ["1", "true", "TRUE", " yes ", "on"])
def test_spellings_of_on(text: str) -> None:
    assert OPTIONS["dry_run"].read(text) is True


@pytest.mark.parametrize("text", ["0", "false", "False", " no ", "off"])
def test_spellings_of_off(text: str) -> None:
    assert OPTIONS["dry_run"].read(text) is False


@pytest.mark.parametrize("number", ["1", "1000", " 15 ", "+15"])
def test_whole_number_within_bounds(number: str) -> None:
    assert OPTIONS["batch_size"].read(number) == int(number)


@pytest.mark.parametrize(
    "number", ["0", "1001", "-1", "1.5", "1e2", "1_0", "\u0661\u0665", "9" * 5000, "0x10"]
)
def test_other_numbers_are_invalid(number: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number from 1 to 1000, or auto"):
        OPTIONS["batch_size"].read(number)


def test_only_the_report_may_have_an_upper_case_ending() -> None:
    """The collector of Prometheus does not read SYNC.PROM."""
    assert OPTIONS["report"].read("RUN.JSON") == "RUN.JSON"
    with pytest.raises(ValueError, match=r"expected a name that ends in \.prom"):
        OPTIONS["metrics_file"].read("SYNC.PROM")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:9000", "http://localhost:9000"),
        (" https://store.example/ ", "https://store.example"),
        ("https://store.example/backend/", "https://store.example/backend"),
        ("http://[::1]:9000", "http://[::1]:9000"),
        ("http://bücher.example", "http://bücher.example"),
    ],
)
def test_valid_store_url(text: str, url: str) -> None:
    assert OPTIONS["medusa_url"].read(text) == url


@pytest.mark.parametrize(
    "text",
    [
        *(
            "localhost:9000",
            "store.example",
            "ftp://store.example",
            "http://",
            "http:///admin",
            "//store.example",
        ),
        *("http://store.example:0", "http://store.example:99999", "http://store.example:x", "http://[::1"),
        *("http://me:hush@store.example", "http://@store.example", "http://store.example?a=1"),
        *("http://store.example#top", "http://store.example/?", "http://store.example/#"),
        *("http://store.example/app", "http://store.example/admin/", "http://my store.example"),
    ],
)
def test_invalid_store_url(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected"):
        OPTIONS["medusa_url"].read(text)


@given(st.text(st.sampled_from("aé.-:/[]%x\t\x00\x7f "), max_size=12).map(lambda text: f"http://{text}"))
@example("http://a\x00b")
@example("http://a\tb")
@example("http://é..")
@example("http://xn--a")
@example("http://-é")
@example("http://🍵.example")
@example("http://1.1.1.999")
def test_httpx_accepts_every_valid_url(text: str) -> None:
    try:
        url = OPTIONS["medusa_url"].read(text)
    except ValueError:
        return
    httpx.Client(base_url=url, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False).close()


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("https://source.example/products/", "https://source.example/products/"),
        (" https://source.example/products?key=a/", "https://source.example/products?key=a/"),
        ("https://source.example/?a=b%20c&d", "https://source.example/?a=b%20c&d"),
        ("https://me:hush@source.example/products/", "https://me:hush@source.example/products/"),
        (" catalogue.json ", "catalogue.json"),
        ("-", "-"),
        ("/var/data/catalogue.json", "/var/data/catalogue.json"),
    ],
)
def test_source_is_a_url_or_a_file(text: str, source: str) -> None:
    assert OPTIONS["source"].read(text) == source


@pytest.mark.parametrize("text", ["ftp://source.example", "file:///a.json", "https://", "http://me:hush@"])
def test_invalid_source_url(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a URL such as https://dummyjson\.com/products, or "):
        OPTIONS["source"].read(text)


def test_fields_are_named_as_in_the_tables_and_the_error_lists_them() -> None:
    named = OPTIONS["only"].read(" Price, stock,Metadata.Marke,PRICE.EUR,")
    assert named == {"price", "stock", "metadata.Marke", "price.eur"}
    with pytest.raises(
        ValueError, match=r"there is no field 'prise'; the fields are title, .*, price, stock"
    ):
        OPTIONS["only"].read("price,prise")


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("10", Share(10, is_percentage=False)),
        (" 0.5% ", Share(0.5, is_percentage=True)),
        ("3.0", Share(3, is_percentage=False)),
    ],
)
def test_a_limit_is_a_number_of_products_or_a_percentage(text: str, limit: Share) -> None:
    assert OPTIONS["max_changes"].read(text) == limit


@pytest.mark.parametrize("text", ["0.5", "-1", "101%", "100.1%", "%", "10 %", "1e3", "ten", ""])
def test_an_invalid_limit_says_what_is_possible(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number of products, or a percentage up to 100%"):
        OPTIONS["max_changes"].read(text)


@pytest.mark.parametrize(
    ("text", "number", "count"), [("1/1", 1, 1), (" 3/8 ", 3, 8), ("8/8", 8, 8), ("999/1000", 999, 1000)]
)
def test_a_shard_is_one_of_a_number(text: str, number: int, count: int) -> None:
    assert OPTIONS["shard"].read(text) == Shard(number, count)


@pytest.mark.parametrize(
    "text",
    ["0/8", "9/8", "-1/8", "3", "3/", "/8", "3/8/2", "3 / 8", "1/0", "0/0", "1/1001", "a/b", "٣/8"],
)
def test_an_invalid_shard_says_what_is_possible(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected K/N with K from 1 to N, such as 3/8, and N up to 1000"):
        OPTIONS["shard"].read(text)


@pytest.mark.parametrize("value", ["Bearer abc", "Basic bWU6aHVzaA==", 'Token token="abc", v=1', " abc "])
def test_authorization_is_the_value_of_a_header(value: str) -> None:
    assert OPTIONS["source_authorization"].read(value).reveal() == value.strip()


@pytest.mark.parametrize(
    "value", [" ", "Authorization: Bearer abc", "Bearer a\r\nX: b", "Bearer \u00e9", "a\x00"]
)
def test_invalid_authorization(value: str) -> None:
    with pytest.raises(ValueError, match=r"expected|empty") as caught:
        OPTIONS["source_authorization"].read(value)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize("side", OnConflict)
def test_one_side_wins_all_conflicts(side: OnConflict) -> None:
    assert OPTIONS["on_conflict"].read(f" {side.upper()} ") == ConflictPolicy(side)


@pytest.mark.parametrize(
    ("text", "field", "winner"),
    [
        ("source,title=store", "title", "store"),
        ("source,title=store", "price", "source"),
        ("title = Store , store", "price", "store"),
        ("title=store", "price", "source"),
        ("store,price=source", "price.eur", "source"),
        ("price=source,price.eur=store", "price.eur", "store"),
        ("price=store,price.eur=source", "price", "store"),
        ("price.eur=store", "price.gbp", "source"),
        ("metadata=store", "metadata.brand", "store"),
        ("variants=store", f"{OPTION}Size", "store"),
        ("variants=store", "options", "store"),
        ("variants=store", "sku", "source"),
    ],
)
def test_the_most_specific_name_of_a_field_decides(text: str, field: str, winner: str) -> None:
    assert OPTIONS["on_conflict"].read(text).side(setting_names(field)) == winner


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("merchant", "expected source or store, or FIELD=source or FIELD=store, not 'merchant'"),
        ("source,title=mine", "expected source or store, .* not 'title=mine'"),
        ("source,titles=store", "there is no field 'titles'; the fields are title, .*, price, stock"),
        ("source,option.Size=store", "there is no field 'option.Size'"),
        ("source,store", "it has both source and store for all fields"),
        ("price=store,price=source", "it has both sides for the field 'price'"),
        (" , ", "it is empty"),
    ],
)
def test_an_invalid_conflict_policy_says_what_is_possible(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        OPTIONS["on_conflict"].read(text)


@pytest.mark.parametrize(("text", "percent"), [("50%", 50), (" 0% ", 0), ("1000%", 1000), ("2.5%", 2.5)])
def test_a_price_limit_is_a_percentage(text: str, percent: float) -> None:
    assert OPTIONS["max_price_change"].read(text).percent == percent
    assert str(OPTIONS["max_price_change"].read(text)) == text.strip()


@pytest.mark.parametrize("text", ["50", "-5%", "%", "half", "1e3%", ""])
def test_invalid_price_limit(text: str) -> None:
    with pytest.raises(ValueError, match="expected a percentage such as 50%"):
        OPTIONS["max_price_change"].read(text)
