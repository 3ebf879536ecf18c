"""Reading XML: elements, encodings, and files that are damaged, dangerous or incomplete."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources import xml_files, xml_parser
from medusa_sync.sources.base import Rejected
from tests.unit.sources.merchant import ITEM, NAMESPACE, RSS, as_rss
from tests.unit.sources.reading import CUT_OFF, Found, only, peak_of, read, reading

FEED = as_rss([list((ITEM | {"id": str(number)}).items()) for number in range(1, 4)])


def read_feed(content: bytes | str | Path, **how: Any) -> Found:
    return reading(content, format_="xml", **how)


def item(text: str, *, head: str = RSS) -> bytes:
    return f"{head}<item>{text}</item></channel></rss>".encode()


GOOD = "<g:id>1</g:id><title>Mug</title><g:price>15 USD</g:price>"
PLAIN = GOOD.replace("g:", "")
PURL = 'xmlns="http://purl.org/rss/1.0/"'


# --- elements -------------------------------------------------------------------------------------------


def test_googles_elements_take_precedence_over_those_of_the_feed() -> None:
    content = f"<id>urn:1</id><title>Old</title>{GOOD}<g:title>New</g:title><title>Last</title>"
    found = read_feed(item(content))
    assert (found.ids, found.titles) == (["1"], ["New"])


def test_elements_of_other_namespaces_and_nested_ones_are_ignored() -> None:
    other = '<o:price xmlns:o="urn:other">3 USD</o:price><o:brand xmlns:o="urn:other">No</o:brand>'
    nested = "<g:shipping><g:price>4 USD</g:price><g:brand>No</g:brand></g:shipping>"
    assert read(item(f"{other}{nested}{GOOD}")) == read(item(GOOD))


ENCODED = '<c:encoded xmlns:c="http://purl.org/rss/1.0/modules/content/"><![CDATA[<p>Long</p>]]></c:encoded>'


@pytest.mark.parametrize(
    ("text", "description", "notes"),
    [
        (ENCODED, "<p>Long</p>", []),
        (f"{ENCODED}<description>Short</description>", "Short", ["Not used: 'encoded'."]),
        (f"<summary>Short</summary>{ENCODED}", "Short", ["Not used: 'encoded'."]),
        (f"{ENCODED}<g:description>Google's</g:description>", "Google's", []),
        ('<o:encoded xmlns:o="urn:other">No</o:encoded>', None, []),
    ],
)
def test_the_content_of_an_item_is_its_description_if_it_has_no_other_one(
    text: str, description: str | None, notes: list[str]
) -> None:
    found = read_feed(item(GOOD + text))
    [product] = found.rows
    assert isinstance(product, DesiredProduct)
    assert (product.fields["description"], found.notes) == (description, notes)


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("<name>Mug</name><o:name>No</o:name><o:price>9</o:price>", ["'urn:other name', 'urn:other price'"]),
        ("<o:title>No</o:title><name>Mug</name>", ["'urn:other title'"]),
        ("<title>Mug</title><o:title><o:b>No</o:b></o:title>", ["'urn:other title'"]),
        ("<o:title>Mug</o:title>", []),
        ("<o:image>https://a/2</o:image><name>Mug</name>", []),
    ],
)
def test_an_element_of_a_foreign_namespace_does_not_replace_one_of_the_item(
    text: str, notes: list[str]
) -> None:
    content = f"<a xmlns:o='urn:other'><product><id>1</id><price>1</price>{text}</product></a>"
    found = reading(content, suffix=".xml")
    assert (found.titles, found.notes) == (["Mug"], [f"Not used: {each}." for each in notes])
    [product] = found.rows
    assert isinstance(product, DesiredProduct)
    assert product.variants[0].fields["price"] == 1
    assert product.fields["images"] == (("https://a/2",) if "image" in text else ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<g:price>14 EUR</g:price>", "item 1: it has two values for price"),
        ("<g:gtin>1</g:gtin><g:gtin>2</g:gtin>", "item 1: it has two values for gtin"),
        ("<g:price>15 USD</g:price>", ""),
        ("<g:image_link>https://a/1</g:image_link><g:image_link>https://a/2</g:image_link>", ""),
        ("<summary>Short</summary><content>Long</content><other>1</other><other>2</other>", ""),
    ],
)
def test_of_an_attribute_with_two_values_none_is_chosen(text: str, reason: str) -> None:
    [found] = read(item(GOOD + text))
    assert (found.reason if isinstance(found, Rejected) else "") == reason


def test_images_of_all_elements_are_stored() -> None:
    links = "".join(f"<g:image_link>https://a/{number}</g:image_link>" for number in (1, 2))
    assert only(item(GOOD + links)).fields["images"] == ("https://a/1", "https://a/2")


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (f"<rss {NAMESPACE}><channel><item>{GOOD}</item></channel></rss>", "RSS"),
        (f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACE}><entry>{GOOD}</entry></feed>', "Atom"),
        (f'<r:RDF xmlns:r="u" {PURL} {NAMESPACE}><item>{GOOD}</item></r:RDF>', "RSS"),
        (f'<rss xmlns="http://base.google.com/ns/1.0"><channel><item>{PLAIN}</item></channel></rss>', "RSS"),
        (f"\ufeff \r\n\t<rss><channel><item>{PLAIN}</item></channel></rss>", "RSS"),
        (f"<?xml version='1.0' encoding='UTF-8'?><rss><item>{PLAIN}</item></rss>", "RSS"),
    ],
)
def test_all_kinds_of_feeds_are_read(content: str, format_: str) -> None:
    found = read_feed(content)
    assert (found.ids, found.format) == (["1"], f"{format_} (Google Merchant)")


def test_texts_may_have_markup_entities_and_comments() -> None:
    text = "<g:description>A &lt;b&gt;&#233;<!-- no --> <![CDATA[<i>&amp;</i>]]></g:description>"
    assert only(item(GOOD + text)).fields["description"] == "A <b>é <i>&amp;</i>"


ITEMS = {  # of several kinds of XML, with a place for the description
    "RSS": item(f"{GOOD}<g:description>{{}}</g:description>").decode(),
    "Atom": item(f'{GOOD}<content type="xhtml">{{}}</content>').decode(),
    "yml": "<yml_catalog><offer id='1'><name>Mug</name><price>1</price><description>{}</description></offer>"
    "</yml_catalog>",
    "heureka": "<SHOP><SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCTNAME>Mug</PRODUCTNAME><PRICE_VAT>1</PRICE_VAT>"
    "<DESCRIPTION>{}</DESCRIPTION></SHOPITEM></SHOP>",
    "ceneo": "<offers><o id='1' price='1'><name>Mug</name><desc>{}</desc></o></offers>",
    "skroutz": "<p><product><id>1</id><name>Mug</name><price_with_vat>1</price_with_vat>"
    "<description>{}</description></product></p>",
    "other": "<a><product><id>1</id><name>Mug</name><price>1</price><description lang='en'>{}</description>"
    "</product></a>",
}


@pytest.mark.parametrize("kind", ITEMS)
@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("Nice <b>red</b> cup &lt; 1 l", "Nice <b>red</b> cup &lt; 1 l"),
        ("one<BR/>two<b> three</b>", "one<br>two<b> three</b>"),
        (
            "<p>One <a href='/?a&amp;b' title='\"'>&lt;i&gt;</a></p>\n <ul><li>Two</li></ul>",
            '<p>One <a href="/?a&amp;b" title="&quot;">&lt;i&gt;</a></p>\n <ul><li>Two</li></ul>',
        ),
        ("<h:div xmlns:h='http://www.w3.org/1999/xhtml'>One</h:div>", "<div>One</div>"),
        ("<![CDATA[<p>A & B</p>]]><br/>two", "<p>A & B</p><br>two"),
        ("A &amp; B", "A & B"),
    ],
)
def test_the_markup_of_a_description_becomes_html_with_all_of_its_text(
    kind: str, text: str, description: str
) -> None:
    """As that of one whose markup is escaped."""
    assert only(ITEMS[kind].format(text), suffix=".xml").fields["description"] == description


@pytest.mark.parametrize(
    ("kind", "weight", "grams"),
    [
        ("yml", '<weight unit="kg">1.2</weight>', 1200),
        ("yml", '<weight unit="грамм">1200</weight>', 1200),
        ("yml", '<weight unit="lb">1.2</weight>', None),
        ("yml", "<weight>1,2</weight>", 1200),
        ("skroutz", '<weight unit="Kg">1.2</weight>', 1200),
        ("skroutz", '<weight unit="g">800</weight>', 800),
        ("skroutz", '<weight unit="oz">8</weight>', None),
        ("other", '<weight unit="kg">1.2</weight>', None),
        ("other", '<Gewicht Einheit="g" uom="lb">1.2</Gewicht>', None),
        ("other", '<weight unit="Gramm">1200</weight>', 1200),
        ("other", '<weight kind="net">1200</weight>', 1200),
    ],
)
def test_a_weight_has_the_unit_of_its_element_or_is_not_used(
    kind: str, weight: str, grams: int | None
) -> None:
    """As `1.2 kg` in a table of our own format."""
    found = reading(ITEMS[kind].replace("<desc", f"{weight}<desc"), suffix=".xml")
    [product] = found.rows
    assert isinstance(product, DesiredProduct)
    held = product.fields.get("weight") or product.variants[0].fields.get("weight")
    assert (held, any(each.startswith("Not used: ") for each in found.notes)) == (grams, grams is None)


def test_elements_with_names_of_html_may_be_something_else() -> None:
    """Such as those of Ceneo. What cannot be read is named."""
    parts = '<imgs><i url="https://a/1"/></imgs><attrs><a name="Producent">Elm</a></attrs>'
    fields = only(ITEMS["ceneo"].replace("<desc>", f"{parts}<desc>"), suffix=".xml").fields
    assert (fields["images"], fields["metadata.brand"]) == (("https://a/1",), "Elm")
    for kind, content in ITEMS.items():
        found = reading(content.format("<b>red</b>"), suffix=".xml")
        [product] = found.rows
        assert isinstance(product, DesiredProduct)
        description, is_noted = product.fields.get("description"), "Not used: 'description'." in found.notes
        assert (description, is_noted) == (("<b>red</b>", False) if kind in {"RSS", "Atom"} else (None, True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_a_feed_may_have_any_encoding_that_it_names(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    head = RSS.replace('version="1.0"?', f'version="1.0" encoding="{name}"?')
    content = item(GOOD.replace("Mug", "Café"), head=head).decode().encode(encoding)
    found = read_feed(content)
    assert (found.titles, found.format.endswith(f", {encoding}")) == (["Café"], "utf-8" not in encoding)


@pytest.mark.usefixtures("small_pages")
def test_memory_does_not_grow_with_the_feed(tmp_path: Path) -> None:
    path, described = tmp_path / "feed.xml", f"<g:description>{'soft ' * 2_000}</g:description>"
    with path.open("w") as file:
        file.write(RSS)
        for number in range(600):
            file.write(f"<item>{GOOD.replace('1</g:id>', f'{number}</g:id>')}{described}</item>")
        file.write("</channel></rss>")
    count, peak = peak_of(path)
    assert count == 600
    assert peak < 3 * 2**20, "a feed of 6 MB"


# --- other XML ------------------------------------------------------------------------------------------

ITEM_XML = "<{0} code='{1}'><name lang='en'>Mug {1}</name><size/><size>S</size></{0}>"


def few(name: str, count: int) -> str:
    return "".join(ITEM_XML.format(name, number) for number in range(count))


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (f"<products>{few('product', 1)}</products>", 1),
        (f"<articles>{few('article', 3)}</articles>", 3),
        (f"<export><head><name>Shop</name></head><goods>{few('good', 3)}</goods></export>", 3),
        (f"<a xmlns='urn:a'><b><info x='1'/><info x='2'/><goods>{few('good', 3)}</goods></b></a>", 3),
        (f"<shop><categories><category id='1'>A</category></categories>{few('Item', 2)}</shop>", 2),
        (f"<a>{few('good', 2).replace('<size/>', '<sizes><b><c/></b><b><c/></b></sizes>')}</a>", 2),
        ("<products/>", 0),
    ],
)
def test_a_map_gets_the_elements_that_repeat(tmp_path: Path, content: str, count: int) -> None:
    """Also a single one, if it has a name that items often have."""
    program = tmp_path / "map.jq"
    program.write_text('{id: .["@code"], title: .name["#text"], price: 1, tags: [.size | arrays | last]}')
    found = read_feed(content, map_=str(program))
    assert (found.ids, found.error) == ([str(number) for number in range(count)], "")
    assert found.format == "XML (map.jq)"


MUG = "<{0}><{1}>{3}</{1}><{2}>Mug</{2}>{4}</{0}>"
PRICE = "<preis>9</preis>"
MAKERS = "<hersteller><id>9</id><name>Elm</name><land>AT</land><ort>Wien</ort><url>/</url></hersteller>" * 9


IN_TWO = "<name>B</name><Category><Category>{}</Category></Category>"


@pytest.fixture
def any_map(tmp_path: Path) -> str:
    program = tmp_path / "map.jq"
    program.write_text('{id: (.id // .nr // .["@id"]), title: (.name // .["@name"]), price: 1}')
    return str(program)


def mug(name: str, number: int, more: str = PRICE) -> str:
    return MUG.format(name, "id", "name", number, more)


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        (f"<a><category name='A'>{mug('product', 1)}{mug('product', 2)}</category></a>", "12"),
        (f"<a>{mug('b', 1)}<category name='A' id='9'>{mug('b', 2)}{mug('b', 3)}</category></a>", "123"),
        (f"<a><Category>{mug('b', 1)}<Category>{IN_TWO.format(mug('b', 3))}</Category></Category></a>", "13"),
        (f"<a><b><category id='9'>A</category></b><kategorie>{mug('c', 1)}</kategorie></a>", "1"),
        ("<a><category name='A'><product id='1' name='Mug' price='9'/></category></a>", "1"),
        ("<a><category><category name='A'/></category></a>", ""),
        (f"<a><new>{mug('b', 1)}</new><old><more>{mug('b', 2)}</more></old><b>3</b></a>", "12"),
    ],
)
def test_items_may_be_in_categories_and_in_several_lists(any_map: str, content: str, ids: str) -> None:
    found = read_feed(content, map_=any_map)
    assert (found.ids, found.error) == ([*ids], "")


@pytest.mark.parametrize(
    "content",
    [
        f"<a>{mug('artikel', 1, mug('variante', 7) + mug('variante', 8))}</a>",
        f"<a>{mug('ding', 1, mug('variante', 7) + mug('variante', 8))}</a>",
        f"<a><liste>{mug('produkt', 1, mug('farbe', 7) + mug('farbe', 8))}</liste></a>",
        f"<a><shop>{mug('besitzer', 8, '')}{mug('ding', 1)}</shop></a>",
        f"<a><hersteller>{MAKERS}</hersteller>{mug('ding', 1)}</a>",
        f"<a>{MAKERS}<artikel><nr>1</nr><name>Mug</name></artikel></a>",
        f"<a><kopf><produkt><name>Export</name><version>7</version></produkt></kopf>{mug('ding', 1)}</a>",
    ],
)
def test_an_item_is_what_has_an_id_a_name_and_a_price(any_map: str, content: str) -> None:
    """A single one too, whatever else repeats or has more elements."""
    assert read_feed(content, map_=any_map).ids == ["1"]


def test_the_items_stay_the_same_if_they_lose_optional_elements(any_map: str) -> None:
    full = "".join(mug("artikel", n, f"{PRICE}<a/><b/><c/><d/><e/><f/>") for n in range(30))
    bare = "".join(mug("artikel", n) for n in range(30))
    found = [read_feed(f"<a>{MAKERS}{each}</a>", map_=any_map) for each in (full, bare)]
    assert found[0].ids == found[1].ids == [*map(str, range(30))]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            "".join(f"<n{n // 150}><m{n % 150}/></n{n // 150}>" for n in range(22_500)),
            "it has more than 20,000 kinds of elements",
        ),
        (
            "".join(f"<n{n // 150} x{n % 150}='1'/>" for n in range(22_500)),
            "it has more than 20,000 kinds of elements",
        ),
        (f"<b c{'x' * 50_000}='1'/>", "its elements and attributes have too many different names"),
        ("<category id='9'>A</category>" * 600, "its categories have more than 50,000 characters"),
    ],
)
def test_what_is_outside_of_items_does_not_fill_the_memory(
    any_map: str, monkeypatch: pytest.MonkeyPatch, content: str, reason: str
) -> None:
    monkeypatch.setattr(xml_files, "MAX_CATEGORIES", 50_000)
    monkeypatch.setattr(xml_parser, "MAX_NAMES_SIZE", 50_000)
    assert reason in read_feed(f"<a>{mug('offer', 1)}{content}</a>", map_=any_map).error


def test_names_in_the_items_of_a_feed_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_parser, "MAX_NAMES_SIZE", 50_000)
    names = "".join(f"<n{number}/>" for number in range(12_000))
    assert "too many different names" in read_feed(item(f"{GOOD}{names}")).error


# --- bad feeds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<urlset><url/></urlset>", "it is XML of another kind: <urlset>, not a feed"),
        (b'{"products": []}', "line 1, column 1: it is not well-formed XML"),
        (b"id,title\n1,Mug", "line 1, column 1: it is not well-formed XML"),
        (FEED + b"more", "line 7, column 1: it is not well-formed XML (junk after document element)"),
        (item("<title>a & b</title>"), "line 3, column 17: it is not well-formed XML"),
        (item("<title>a&nbsp;b</title>"), "line 3, column 15: it is not well-formed XML (undefined entity)"),
        (item("<title>a\x00b</title>"), "line 3, column 15: it is not well-formed XML"),
        (item("<x:title>a</x:title>"), "line 3, column 7: it is not well-formed XML (unbound prefix)"),
        (item("<title>café</title>").replace(b"\xc3", b""), "line 3, column 17: it is not well-formed XML"),
        (b'<?xml version="1.0" encoding="klingon"?><rss/>', "its encoding cannot be read"),
        (b'<?xml version="1.0" encoding="gbk"?><rss/>', "its encoding cannot be read"),
        (b"<rss>" + b"<a>" * 2_000, "line 1: it is nested too deeply to be a catalogue"),
    ],
)
def test_what_is_no_feed_is_an_error_with_its_place(content: bytes, reason: str) -> None:
    assert read_feed(content).error.startswith(reason)


_GROWING = [f'<!ENTITY {own} "{f"&{last};" * 10}">' for last, own in zip("abcdefgh", "bcdefghi", strict=True)]
BOMB = f'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">{"".join(_GROWING)}]>'


FEED_WITH = "<?xml version='1.0'?>\n{}<rss xmlns:g='http://base.google.com/ns/1.0'><channel><item>{}{}</item></channel></rss>"


@pytest.mark.parametrize(
    "declaration",
    [
        BOMB,
        '<!DOCTYPE rss SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE rss [<!ENTITY i SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY % i SYSTEM "http://127.0.0.1:9/x.dtd"> %i;]>',
    ],
)
def test_a_file_with_an_entity_of_its_own_is_an_error(declaration: str) -> None:
    found = read_feed(FEED_WITH.format(declaration, GOOD, "<g:brand>&i;</g:brand>"))
    assert found.error.startswith("line 2: it has the entity ")
    assert (found.rows, "<!ENTITY" in found.hint) == ([], True)


@pytest.mark.parametrize(
    "declaration",
    ["<!DOCTYPE rss>", '<!DOCTYPE rss SYSTEM "shops.dtd">', "<!DOCTYPE rss [<!ELEMENT rss ANY>]>"],
)
def test_a_document_type_without_entities_is_ignored(declaration: str) -> None:
    assert read(FEED_WITH.format(declaration, GOOD, "").encode()) == read(item(GOOD))


def test_a_text_of_10_mb_refuses_its_product_only() -> None:
    good, long = GOOD.replace("1</g:id>", "7</g:id>"), f"<g:description>{'x' * 10_000_000}</g:description>"
    ignored = f"<item>{good.replace('7<', '8<')}{long.replace('description', 'link')}</item>"
    found = read_feed(FEED.replace(b"</channel>", f"<item>{good}{long}</item>{ignored}</channel>".encode()))
    assert found.ids == ["1", "2", "3", "8"]
    reason = "item 4: it has more than 1,000,000 characters"
    assert found.rows[3] == Rejected("shop:7", "7", "Mug", reason)


def test_an_item_with_too_many_attributes_does_not_fill_the_memory(tmp_path: Path) -> None:
    link = b"<g:additional_image_link>https://example.com/" + b"x" * 50_000 + b"</g:additional_image_link>"
    path = tmp_path / "feed.xml"
    with path.open("wb") as file:
        file.write(f"{RSS}<item>{GOOD}".encode())
        file.writelines([link] * 300)
        file.write(b"</item></channel></rss>")
    [rejected] = read(path)
    assert rejected == Rejected("shop:1", "1", "Mug", "item 1: it has more than 1,000,000 characters")
    _, peak = peak_of(path)
    assert peak < 5_000_000


@pytest.mark.parametrize("start", ['<item a="', "<!-- "])
def test_an_endless_tag_or_comment_is_an_error(monkeypatch: pytest.MonkeyPatch, start: str) -> None:
    monkeypatch.setattr(xml_parser, "MAX_TOKEN", 2**20)
    assert read_feed(RSS + start + "x" * 2**21).error == "line 3: a tag or comment has more than 1 MB"


# --- incomplete feeds -----------------------------------------------------------------------------------


@given(st.integers(1, len(FEED) - 2))
def test_a_feed_that_ends_early_is_incomplete_wherever_it_is_cut(length: int) -> None:
    found = read_feed(FEED[:length])
    complete = FEED[:length].count(b"</item>")
    assert found.ids == ["1", "2", "3"][: max(complete - 1, 0)], "the last one may have had more items"
    assert "incomplete" in found.error or length < FEED.index(b"<channel>")


@pytest.mark.parametrize(
    ("links", "is_page"),
    [
        ('<link rel="next" href="?page=2"/>', True),
        ('<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="prev-archive" href="/2"/>', True),
        ('<link rel="self" href="/1"/><link rel="Next" href="/2"/><link rel="last" href="/9"/>', True),
        ('<link rel="next" href=""/><link rel="previous" href="/1"/><link>/next</link>', False),
    ],
)
@pytest.mark.parametrize("head", [RSS, f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACE}>'])
def test_a_feed_that_names_another_page_is_incomplete(head: str, links: str, *, is_page: bool) -> None:
    """As in RFC 5005. A link of an item is not about the feed."""
    name, end = ("item", "</channel></rss>") if head is RSS else ("entry", "</feed>")
    item = f'<{name}>{GOOD}<link rel="next" href="/b"/></{name}>'
    found = read_feed(f"{head}{links}{item}{item.replace('id>1<', 'id>2<')}{end}")
    assert found.ids == (["1"] if is_page else ["1", "2"])
    assert ("the feed is one page of several" in found.error) is is_page
    assert ("The pages of a feed are not followed" in found.hint) is is_page


def test_a_group_that_may_be_incomplete_is_not_returned() -> None:
    found = read_feed(FEED[: FEED.index(b"</channel>")], is_cut_off=True)
    assert (found.ids, found.error) == (["1", "2"], CUT_OFF)
    sizes = [ITEM | {"id": f"2-{size}", "item_group_id": "2", "size": size} for size in "SML"]
    content = as_rss([list(each.items()) for each in [ITEM, *sizes]])
    assert read_feed(content[: content.rindex(b"<item>")]).ids == ["1"]
