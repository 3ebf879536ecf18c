"""Parsers of settings."""

import ssl

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medusa_sync.settings import parsers
from medusa_sync.settings.options import OPTIONS


@pytest.mark.parametrize("text", ["1", "true", "TRUE", " yes ", "on"])
def test_spellings_of_on(text: str) -> None:
    assert parsers.switch(text) is True


@pytest.mark.parametrize("text", ["0", "false", "False", " no ", "off"])
def test_spellings_of_off(text: str) -> None:
    assert parsers.switch(text) is False


@pytest.mark.parametrize("number", ["1", "1000", " 15 ", "+15"])
def test_whole_number_within_bounds(number: str) -> None:
    assert parsers.whole_number(1, 1000)(number) == int(number)


@pytest.mark.parametrize(
    "number", ["0", "1001", "-1", "1.5", "1e2", "1_0", "\u0661\u0665", "9" * 5000, "0x10"]
)
def test_other_numbers_are_invalid(number: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number from 1 to 1000"):
        parsers.whole_number(1, 1000)(number)


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
    assert parsers.store_url(text) == url


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
        parsers.store_url(text)


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
        url = parsers.store_url(text)
    except ValueError:
        return
    httpx.Client(base_url=url, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False).close()


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("https://dummyjson.com/products/", "https://dummyjson.com/products"),
        ("https://source.example/products?key=a/", "https://source.example/products?key=a/"),
        (" catalogue.json ", "catalogue.json"),
        ("/var/data/catalogue.json", "/var/data/catalogue.json"),
    ],
)
def test_source_is_a_url_or_a_file(text: str, source: str) -> None:
    assert parsers.source(text) == source


@pytest.mark.parametrize(
    "text", ["ftp://source.example", "file:///a.json", "https://", "http://me:hush@a.example"]
)
def test_invalid_source_url(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected"):
        parsers.source(text)


def test_fields_are_named_as_in_the_tables_and_the_error_lists_them() -> None:
    assert parsers.field_names(" Price, stock,metadata.brand,") == {"price", "stock", "metadata.brand"}
    with pytest.raises(
        ValueError, match=r"there is no field 'prise'; the fields are title, .*, price, stock"
    ):
        parsers.field_names("price,prise")
