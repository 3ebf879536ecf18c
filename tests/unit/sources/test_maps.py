"""What maps make of items: products, parts of them and groups; and why some are rejected."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources import groups, maps
from medusa_sync.sources.base import Rejected, Row
from medusa_sync.sources.maps import BUILT_IN
from tests.harness.catalogue import ndjson
from tests.harness.erp import ERP, FORMS, GROUPED, ROWS, article, table
from tests.tiers import deep
from tests.unit.sources.reading import Found, in_json, reading

Mapped = Callable[..., Found]
TODAY = str(datetime.now(UTC).date())


@pytest.fixture
def mapped(tmp_path: Path) -> Mapped:
    program = tmp_path / "erp.jq"

    def read(body: bytes, text: str = ERP) -> Found:
        program.write_text(text, encoding="utf-8")
        return reading(body, suffix="", map_=str(program))

    return read


def skus(found: Found) -> dict[str, list[Any]]:
    """The SKUs of each product."""
    return {each.source_id: [own.fields.get("sku") for own in each.variants] for each in products(found.rows)}


def products(rows: Iterable[Row]) -> list[DesiredProduct]:
    """The products, without the settings, which name the map."""
    return [structs.replace(each, settings={}) for each in rows if isinstance(each, DesiredProduct)]


def rejected(found: Found) -> list[tuple[str | None, str]]:
    """The id of each rejected product, else its title, and the reason."""
    return [(each.source_id or each.title, each.reason) for each in found.rows if isinstance(each, Rejected)]


# --- parts and groups -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("program", [ERP, GROUPED], ids=["parts", "groups"])
def test_sizes_become_variants_of_one_product(mapped: Mapped, form: str, program: str) -> None:
    found = mapped(FORMS[form](ROWS), program)
    kind, comma, rest = form.partition(",")
    assert (found.error, rejected(found), found.format) == ("", [], f"{kind} (erp.jq){comma}{rest}")
    assert skus(found) == {f"A{number}": [f"A{number}-{size}" for size in "SML"] for number in range(1, 5)}


def test_parts_add_images_and_tags_and_the_first_text_counts(mapped: Mapped) -> None:
    """Identical parts count once."""
    small = article(1, "S")
    found = mapped(ndjson([small, small, article(1, "M", name="Other", labels=["new"]), small]))
    variants = [{"sku": f"A1-{size}", "price": 12.5, "options": {"Size": size}} for size in "SM"]
    product = {"id": "A1", "title": "Shirt 1", "variants": variants, "tags": ["shirt", "new"]}
    images = [f"https://cdn.example/1-{size}.jpg" for size in "SM"]
    assert products(found.rows) == products(in_json(product | {"images": images}))


def test_an_item_may_give_several_products_or_none(mapped: Mapped) -> None:
    rows = [{"id": number, "items": [f"{number}-a", f"{number}-b"]} for number in range(3)]
    found = mapped(ndjson(rows), 'select(.id != 1) | .items[] | {id: ., title: "T", price: 1}')
    assert found.ids == ["0-a", "0-b", "2-a", "2-b"]
    assert found.notes == ["1 item of the source gives no product, because the map leaves it out."]


def test_a_json_object_without_a_list_of_items_is_one_item(mapped: Mapped) -> None:
    document = {"count": 12, "result": {"articles": ROWS}, "next": None, "text": '\u00e9 " {'}
    found = mapped(json.dumps(document, indent=1).encode(), f".result.articles[] | {ERP}")
    assert (found.error, len(found.ids)) == ("", 4)


def test_an_item_without_a_group_is_in_that_of_the_item_before_it(mapped: Mapped) -> None:
    rows = [article(1, "S"), article(1, "M", artno=""), article(1, "L", artno=None), article(2, "S")]
    found = mapped(ndjson(rows), GROUPED.replace("\\(.artno)", "A"))
    assert skus(found) == {"A1": ["A-S", "A-M", "A-L"], "A2": ["A-S"]}


JOINED = """
# group: .artno, (.parts | list)
{id: ([.[].artno] | min), title: "T", variants: [.[] | {sku: .artno, price: .net, options: {Part: .artno}}]}
"""


def test_an_item_can_name_others_that_belong_to_its_group_in_any_order(mapped: Mapped) -> None:
    """B and D name others, and share C; G and H name each other, and E names one that does not exist."""
    parts = {"A": [], "B": ["A", "C"], "C": [], "D": ["C"], "E": ["?"], "F": [], "G": ["H"], "H": ["G"]}
    rows = [{"artno": name, "net": 5, "parts": names} for name, names in parts.items()]
    rows += rows[:2]  # once more
    for order in (rows, [*reversed(rows)], sorted(rows, key=lambda row: str(row["parts"]))):
        found = skus(mapped(ndjson(order), JOINED)).values()
        assert sorted("".join(sorted(each)) for each in found) == ["ABCD", "E", "F", "GH"]


# --- values ---------------------------------------------------------------------------------------------


def test_a_map_can_use_functions_of_the_tool(mapped: Mapped) -> None:
    rows = [
        {"name": "Bags &amp; Belts", "net": "9,50", "text": ""},
        {"name": "&lt;Caf&#233;&gt;", "net": "1,250", "text": "Fir"},
    ]
    program = (
        '{id: .name, title: (.name | plain), price: (.net | decimal), brand: ((.text | filled) // "Elm")}'
    )
    found = mapped(ndjson(rows), program)
    bags = {"id": "Bags &amp; Belts", "title": "Bags & Belts", "price": 9.5, "brand": "Elm"}
    cafe = {"id": "&lt;Caf&#233;&gt;", "title": "<Café>", "price": 1250, "brand": "Fir"}
    assert products(found.rows) == products(in_json(bags, cafe))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("It&#x27;s Caf&eacute; &ndash; &OUML;", "It's Café \u2013 &OUML;"),
        ("&amp;lt; &#38;lt; &amp;#38;", "&lt; &lt; &#38;"),
        ("&#55296; &#x1F600; &#9999999; &#; &x;", "\ufffd \U0001f600 \ufffd &#; &x;"),
    ],
)
def test_entities_are_decoded_once(mapped: Mapped, text: str, plain: str) -> None:
    [found] = products(mapped(ndjson([{"text": text}]), "{id: 1, title: (.text | plain), price: 1}").rows)
    assert found.fields["title"] == plain


def test_a_url_without_a_scheme_keeps_its_host(mapped: Mapped) -> None:
    row = {"id": 1, "title": "A", "price": 1, "images": ["//cdn.example/a.jpg", "b.jpg"]}
    [found] = products(mapped(ndjson([row]), 'under("https://shop.example")').rows)
    assert found.fields["images"] == ("https://cdn.example/a.jpg", "https://shop.example/b.jpg")


@pytest.mark.parametrize("name", sorted({each.name for each in BUILT_IN}))
def test_every_map_gives_texts_as_customers_read_them(name: str) -> None:
    """A copy of the map does so, too."""
    program = Path(maps.__path__[0], f"{name}.jq").read_text(encoding="utf-8")
    assert "\n| shown\n" in maps.text_of(program)


def test_texts_are_plain_wherever_customers_read_them_and_html_stays(mapped: Mapped) -> None:
    given = {
        "id": "A&amp;B",
        "title": "A &amp; B",
        "description": "A &amp; B",
        "categories": [["C &amp; D"], {"name": "E &amp; F"}],
        "metadata": {"G &amp; H": "I &amp; J", "html": "<p>A &amp; B</p>"},
        "variants": [{"price": 1, "sku": "S&amp;", "options": {"O &amp; P": "3&quot;"}}],
    }
    wanted = {
        **given,
        "title": "A & B",
        "categories": [["C & D"], {"name": "E & F"}],
        "metadata": {"G & H": "I & J", "html": "<p>A &amp; B</p>"},
        "variants": [{"price": 1, "sku": "S&amp;", "options": {"O & P": '3"'}}],
    }
    assert products(mapped(ndjson([given]), "shown").rows) == products(in_json(wanted))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("", "", True),
        ("0000-00-00", "0000-00-00 00:00:00", True),
        ("2020-01-31", "", True),
        ("2099-01-31 10:00:00", "", False),
        ("1/31/20", "", True),
        ("31/1/2020", "", True),
        ("31.1.2099", "", False),
        ("some day", "", True),
        ("", "some day", False),
        ("", "2020-01-31", False),
        ("2020-01-31", "1/31/2099", True),
        (TODAY, TODAY, True),
    ],
)
def test_a_map_can_ask_whether_today_is_in_a_period(
    mapped: Mapped, start: str, end: str, *, expected: bool
) -> None:
    program = '{id: "1", title: (applies(.start; .end) | tostring), price: 1}'
    assert mapped(ndjson([{"start": start, "end": end}]), program).titles == [str(expected).lower()]


def test_numbers_that_jq_would_round_are_texts(mapped: Mapped) -> None:
    ids = [str(2**53 + 1), str(2**53 + 2), f"-{2**53 + 1}", str(2**53), "1.5"]
    body = ", ".join(f'{{"id": {each}}}' for each in ids)
    found = mapped(f"[{body}]".encode(), '{id: (.id | tostring), title: "T", price: 1}')
    assert found.ids == ids


# --- what is rejected -----------------------------------------------------------------------------------


def test_an_item_that_is_rejected_rejects_its_whole_group(mapped: Mapped) -> None:
    body = table(ROWS).splitlines(keepends=True)
    body[6] = body[6].rstrip() + b";one cell more\n"
    found = mapped(b"".join(body), GROUPED)
    [(_, reason)] = rejected(found)
    assert (len(found.ids), reason[:29]) == (3, "line 7: the row has 6 cells, ")
    failing = mapped(ndjson(ROWS), GROUPED.replace(".artno\n{", "error(.artno)\n{"))
    assert (failing.ids, len(rejected(failing))) == ([], len(ROWS))


def test_a_part_before_an_error_rejects_its_whole_product(mapped: Mapped) -> None:
    program = f'({ERP}), if .size == "M" and .artno == "A2" then error("no price for M") else empty end'
    found = mapped(ndjson(ROWS), program)
    assert found.ids == ["A1", "A3", "A4"]
    assert {*rejected(found)} == {
        ("line 6", "erp.jq: no price for M"),
        ("A2", "line 6: erp.jq: no price for M"),
    }


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("7", "the map gives '7', which is not a product"),
        ('{title: "T"}', "the map gives a product without an id"),
        ("{id: {}}", "the map gives a product with the id '{}'"),
        ("{id: 9007199254740994}", "the map gives a product with the id '9007199254740994'"),
        ('{id: "7.12393E+11"}', "the map gives a product with the id '\"7.12393E+11\"'"),
        ('{id: 1, weight: ("1e400" | tonumber)}', "erp.jq: it gives a number that is too large"),
        ("halt", "is not available in a map"),
        ('halt_error("x")', "is not available in a map"),
        ("now", "is not available in a map"),
        ("input", "is not available in a map"),
        ("env", "is not available in a map"),
    ],
)
def test_what_is_no_product_is_rejected(mapped: Mapped, program: str, reason: str) -> None:
    """Nor can a program drop items, or depend on the time."""
    [(title, found)] = rejected(mapped(json.dumps(ROWS[:1]).encode(), program))
    assert (title, reason in found) == ("product 1", True), found


SPYING = (
    *("env.MEDUSA_API_KEY", "$ENV.MEDUSA_API_KEY", '"\\($ENV)"', "def f: $ENV.MEDUSA_API_KEY; f"),
    *(".) | $ENV.MEDUSA_API_KEY | (.", "[inputs] | tostring", '"/etc/hostname" | modulemeta'),
)


@pytest.mark.parametrize("text", SPYING)
def test_a_program_cannot_read_the_environment(
    mapped: Mapped, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", "sk_hush")
    found = mapped(ndjson(ROWS[:2]), f'{{id: 1, price: 1, title: ("x" + ({text} // "-"))}}')
    assert "hush" not in f"{found.rows}"
    assert (len(found.ids), len(rejected(found))) in ((1, 0), (0, 2))


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_what_is_nested_too_deeply_is_rejected_alone(mapped: Mapped) -> None:
    program = f'if .artno == "deep" then reduce range(.size) as $_ (1; [.]) else {ERP} end'
    items = [json.dumps(row) for row in ROWS]
    items += [json.dumps({"artno": "deep", "size": depth}) for depth in (101, 900, 5000)]
    items += [f'{{"artno": "A9", "a": {nested(depth)}, "b": {10**18 + 1}}}' for depth in (101, 900, 990)]
    found = mapped("\n".join(items).encode(), program)
    assert (found.error, len(found.ids), len(rejected(found))) == ("", 4, 6)


@deep
def test_a_large_text_beyond_ascii_is_rejected_alone(mapped: Mapped) -> None:
    program = f'if .artno == "large" then reduce range(25) as $_ ("🐻"; . + .) else {ERP} end'
    found = mapped(ndjson([*ROWS, {"artno": "large"}]), program)
    assert (found.error, len(found.ids), len(rejected(found))) == ("", 4, 1)


def test_a_product_that_is_too_large_is_rejected_alone(
    mapped: Mapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MAX_SIZE", 1_000)
    found = mapped(ndjson([*ROWS, *(article(1, f"{number}") for number in range(20))]))
    [(source_id, reason)] = rejected(found)
    assert (found.ids, source_id) == (["A2", "A3", "A4"], "A1")
    assert "more than 1,000 characters" in reason


def test_an_empty_text_in_the_first_row_of_a_product_is_no_value(mapped: Mapped) -> None:
    rows = [{"nr": 1, "text": "", "count": ""}, {"nr": 1, "text": "Nice", "count": 4}]
    found = mapped(ndjson(rows), '{id: .nr, title: "Mug", description: .text, price: 5, stock: .count}')
    [product] = products(found.rows)
    assert (product.fields["description"], product.variants[0].fields["stock"]) == ("Nice", 4)
