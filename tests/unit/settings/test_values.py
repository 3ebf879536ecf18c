"""The values of settings: what is valid, and what a message expects."""

import re
import ssl
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from medusa_sync.core.fields import setting_names
from medusa_sync.core.ids import Shard
from medusa_sync.core.kinds.options import OPTION
from medusa_sync.core.policy import ConflictPolicy, OnConflict, PriceLimit, Share
from medusa_sync.settings.options import OPTIONS
from medusa_sync.settings.secrets import Secret

VALID: list[tuple[str, str, Any]] = [
    *(("dry_run", text, True) for text in ("1", "true", "TRUE", " yes ", "on")),
    *(("dry_run", text, False) for text in ("0", "false", "False", " no ", "off")),
    *(("batch_size", text, int(text)) for text in ("1", "1000", " 15 ", "+15")),
    ("batch_size", " Auto ", 50),
    *(
        ("report", name, name)
        for name in ("RUN.JSON", "plan.md", "runs/{started_at}.json", "{shard}.json", "{}.csv")
    ),
    ("medusa_url", " https://store.example/ ", "https://store.example"),
    ("medusa_url", "https://store.example/backend/", "https://store.example/backend"),
    ("medusa_url", "http://[::1]:9000", "http://[::1]:9000"),
    ("medusa_url", "http://bücher.example", "http://bücher.example"),
    *(
        ("source", text, text.strip())
        for text in (
            "https://source.example/products/",
            " https://source.example/products?key=a/",
            "https://source.example/?a=b%20c&d",
            "https://me:hush@source.example/products/",
            " catalogue.json ",
            "-",
        )
    ),
    (
        "only",
        "translation.de_de.title,Translation.zh-hans",
        {"translation.de-DE.title", "translation.zh-Hans"},
    ),
    ("only", " Price, stock,Metadata.Marke,PRICE.EUR,", {"price", "stock", "metadata.Marke", "price.eur"}),
    ("only", "price.EUR.South America", {"price.eur.south america"}),
    ("copy_images", " Public,NAS.lan. , [::1],10.0.0.7,", {"public", "nas.lan", "::1", "10.0.0.7"}),
    ("max_changes", "10", Share(10, is_percentage=False)),
    ("max_changes", " 0.5% ", Share(0.5, is_percentage=True)),
    ("max_changes", "3.0", Share(3, is_percentage=False)),
    *(("max_price_change", text, None) for text in ("none", " None ")),
    *(("max_price_change", text, PriceLimit(float(text.strip(" %")))) for text in ("50%", " 0% ", "2.5%")),
    *(("remove_after", text, seconds) for text, seconds in (("7d", 604_800), (" 1.5 H", 5_400), ("90", 90))),
    ("shard", "1/1", Shard(1, 1)),
    ("shard", " 3/8 ", Shard(3, 8)),
    ("shard", "999/1000", Shard(999, 1000)),
    *(
        ("source_authorization", text, text.strip())
        for text in ("Bearer abc", "Basic bWU6aHVzaA==", 'Token token="abc", v=1', " abc ")
    ),
    *(("on_conflict", f" {side.upper()} ", ConflictPolicy(side)) for side in OnConflict),
]
NUMBER = "expected a whole number from 1 to 1000"
SHARE = "expected a number of products, or a percentage up to 100%"
SHARD = "expected K/N with K from 1 to N, such as 3/8, and N up to 1000"
FIELDS = "; the fields are title, .*, price, stock"
INVALID = [
    *(("remove_after", text, "above 0 and below 100 years, such as 7d") for text in ("0", "7x", "9999999d")),
    *(("batch_size", text, NUMBER) for text in ("0", "1001", "-1", "1.5", "1e2", "1_0", "9" * 5000, "0x1")),
    ("report", "{date}.json", "{date} is not known; the placeholders are {started_at} and {shard}"),
    ("report", "{started_at}/run.json", "expected {started_at} in the name of the file, not of a folder"),
    ("report", "{shard}/run.json", "expected {shard} in the name of the file, not of a folder"),
    # The collector of Prometheus does not read SYNC.PROM.
    ("metrics_file", "SYNC.PROM", r"expected a name that ends in \.prom"),
    *(
        ("medusa_url", text, "expected")
        for text in (
            *("localhost:9000", "store.example", "ftp://store.example", "http://", "http:///admin"),
            *("//store.example", "http://store.example:0", "http://store.example:99999", "http://[::1"),
            *("http://store.example:x", "http://me:hush@store.example", "http://@store.example"),
            *("http://store.example?a=1", "http://store.example#top", "http://store.example/?"),
            *("http://store.example/#"),
            "http://my store.example",
        )
    ),
    *(
        (
            "medusa_url",
            f"http://store.example/{page}",
            f"expected the backend without '/{page.strip('/')}': http://st",
        )
        for page in ("admin", "app", "admin/")
    ),
    *(
        ("api_key", text, r"expected only the key \(sk_...\), without a scheme such as Bearer")
        for text in ("Bearer sk_123", "bearer: sk_123", "Basic c2tfMTIz")
    ),
    ("api_key", "pk_123", "it is a publishable key; create a secret key in the admin"),
    *(
        ("source", text, r"expected a URL such as https://.*, with %20 for each space, or ")
        for text in ("https://", "http://me:hush@", "http://a/?b c")
    ),
    *(
        (
            "source",
            text,
            r"needs a package that reads it, .* \(installed: none\); or name a URL that starts with",
        )
        for text in ("ftp://source.example", "file:///a.json", "://a", "a b://c")
    ),
    *((name, "hush\udcff", "it is not UTF-8") for name in ("api_key", "email", "password", "sales_channel")),
    *(
        (name, "a\0.json", "it has a NUL character")
        for name in ("source", "source_map", "report", "lock_dir")
    ),
    ("only", "price,prise", f"there is no field 'prise'{FIELDS}"),
    ("only", "title.de", "there is no field 'title.de'; 'title' has no parts"),
    *(
        ("max_changes", text, SHARE)
        for text in ("0.5", "-1", "101%", "100.1%", "%", "10 %", "1e3", "ten", "")
    ),
    *(
        ("max_price_change", text, "expected a percentage such as 50%, or none")
        for text in ("50", "-5%", "%", "half", "1e3%", "")
    ),
    *(
        ("shard", text, SHARD)
        for text in ("0/8", "9/8", "-1/8", "3", "3/", "/8", "3/8/2", "3 / 8", "1/0", "1/1001", "a/b", "٣/8")
    ),
    *(
        ("source_authorization", text, "expected|empty|NUL")
        for text in (" ", "Authorization: Bearer abc", "Bearer a\r\nX: b", "Bearer \u00e9", "a\x00")
    ),
    ("on_conflict", "merchant", "expected source or store, or FIELD=source or FIELD=store, not 'merchant'"),
    ("on_conflict", "source,title=mine", "expected source or store, .* not 'title=mine'"),
    ("on_conflict", "source,titles=store", f"there is no field 'titles'{FIELDS}"),
    ("on_conflict", "source,option.Size=store", "there is no field 'option.Size'"),
    ("on_conflict", "source,store", "it has both source and store for all fields"),
    ("on_conflict", "price=store,price=source", "it has both sides for the field 'price'"),
    ("only", ",", "it is empty"),
    ("on_conflict", " , ", "it is empty"),
    *(
        ("copy_images", text, "expected public, or names of hosts such as shop.example.com, not '")
        for text in ("https://a.example", "a.example/b", "a.example:80", "a b", "me@a.example", "*.example")
    ),
    ("copy_images", ",", "it is empty"),
]


@pytest.mark.parametrize(("name", "text", "value"), VALID)
def test_a_valid_value_is_read(name: str, text: str, value: Any) -> None:
    found = OPTIONS[name].read(text)
    assert (found.reveal() if isinstance(found, Secret) else found) == value


@pytest.mark.parametrize(("name", "text", "problem"), INVALID)
def test_an_invalid_value_says_what_is_possible(name: str, text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        OPTIONS[name].read(text)
    assert not re.search("abc|hush", str(caught.value))


@given(st.text(st.sampled_from("aé.-:/[]%x\t\x00\x7f "), max_size=12).map(lambda text: f"http://{text}"))
@example("http://a\x00b")
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
    ("text", "field", "winner"),
    [
        ("source,title=store", "title", "store"),
        ("source,title=store", "price", "source"),
        ("title = Store , store", "price", "store"),
        ("title=store", "price", "source"),
        ("store,price=source", "price.eur", "source"),
        ("price=source,price.eur=store", "price.eur", "store"),
        ("price.eur.Europe=store", "price.eur.EUROPE.10+", "store"),
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
