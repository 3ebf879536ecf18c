"""RSS and Atom feeds are read item by item, and bad ones fail safely."""

import tracemalloc
from collections.abc import Iterator
from io import BytesIO, RawIOBase
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Entry, Part, Reading, Refused
from medusa_sync.sources.xml_feed import read_feed
from tests.unit.sources.merchant import ITEM, NAMESPACE, QUIET, RSS, as_atom, as_rss, read_xml

FEED = as_rss([list((ITEM | {"id": str(number)}).items()) for number in range(1, 4)])


class Chunks(RawIOBase):
    """A stream that delivers one chunk at a time, and raises an error at its end if there is one."""

    def __init__(self, chunks: Iterator[bytes], error: Exception | None = None) -> None:
        self._chunks = chunks
        self._error = error

    def read(self, _size: int = -1) -> bytes:
        chunk = next(self._chunks, b"")
        if not chunk and self._error is not None:
            raise self._error
        return chunk


def stream(*chunks: bytes, error: Exception | None = None) -> BinaryIO:
    return cast("BinaryIO", Chunks(iter(chunks), error))


def ids(entries: list[Part]) -> list[str]:
    return [entry.product["id"] for entry in entries if isinstance(entry, Entry)]


def before_error(content: BinaryIO | bytes) -> tuple[list[str], SourceError]:
    """The ids that were yielded before the error."""
    entries: list[Part] = []
    with pytest.raises(SourceError) as caught:
        entries.extend(read_feed(BytesIO(content) if isinstance(content, bytes) else content, QUIET))
    return ids(entries), caught.value


def item(text: str, *, head: str = RSS) -> bytes:
    return f"{head}<item>{text}</item></channel></rss>".encode()


GOOD = "<g:id>1</g:id><title>Mug</title><g:price>15 USD</g:price>"
PLAIN = GOOD.replace("g:", "")


# --- elements -------------------------------------------------------------------------------------------


def test_googles_elements_take_precedence_over_those_of_the_feed() -> None:
    [entry] = read_xml(
        item(f"<id>urn:1</id><title>Old</title>{GOOD}<g:title>New</g:title><title>Last</title>")
    )
    assert isinstance(entry, Entry)
    assert (entry.product["id"], entry.product["title"]) == ("1", "New")


def test_elements_of_other_namespaces_and_nested_ones_are_ignored() -> None:
    other = '<o:price xmlns:o="urn:other">3 USD</o:price><o:brand xmlns:o="urn:other">No</o:brand>'
    nested = "<g:shipping><g:price>4 USD</g:price><g:brand>No</g:brand></g:shipping>"
    assert read_xml(item(f"{other}{nested}{GOOD}")) == read_xml(item(GOOD))


@pytest.mark.parametrize(
    "content",
    [
        f"<rss {NAMESPACE}><channel><item>{GOOD}</item></channel></rss>",
        f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACE}><entry>{GOOD}</entry></feed>',
        f'<r:RDF xmlns:r="urn:rdf" xmlns="http://purl.org/rss/1.0/" {NAMESPACE}><item>{GOOD}</item></r:RDF>',
        f'<rss xmlns="http://base.google.com/ns/1.0"><channel><item>{PLAIN}</item></channel></rss>',
        f"<rss><channel><item>{PLAIN}</item></channel></rss>",
    ],
)
def test_all_kinds_of_feeds_are_read(content: str) -> None:
    assert ids(read_xml(content.encode())) == ["1"]


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (FEED, "RSS (Google Merchant)"),
        (as_atom([]), "Atom (Google Merchant)"),
        (b"<?xml version='1.0' encoding='UTF-8'?><rss/>", "RSS (Google Merchant)"),
        (b"<?xml version='1.0' encoding='windows-1252'?><rss/>", "RSS (Google Merchant), windows-1252"),
    ],
)
def test_the_format_is_reported(content: bytes, format_: str) -> None:
    reported: list[str] = []
    list(read_feed(BytesIO(content), Reading(reported.append)))
    assert reported == [format_]


def test_texts_may_have_markup_entities_and_comments() -> None:
    text = "<g:description>A &lt;b&gt;&#233;<!-- no --> <![CDATA[<i>&amp;</i>]]></g:description>"
    [entry] = read_xml(item(GOOD + text))
    assert isinstance(entry, Entry)
    assert entry.product["description"] == "A <b>é <i>&amp;</i>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_a_feed_may_have_any_encoding_that_it_names(encoding: str) -> None:
    name = encoding.removesuffix("-sig")
    head = RSS.replace('version="1.0"?', f'version="1.0" encoding="{name}"?')
    content = item(GOOD.replace("Mug", "Café"), head=head).decode().encode(encoding)
    [entry] = read_xml(content)
    assert isinstance(entry, Entry)
    assert entry.product["title"] == "Café"


@pytest.mark.parametrize("blank", [b"\n", b" \r\n\t", b"\xef\xbb\xbf\n"])
def test_white_space_before_the_feed_is_ignored(blank: bytes) -> None:
    assert ids(read_xml(blank + FEED)) == ["1", "2", "3"]


@given(st.integers(1, 50))
def test_a_feed_may_be_cut_anywhere(size: int) -> None:
    chunks = [FEED[start : start + size] for start in range(0, len(FEED), size)]
    assert ids(list(read_feed(stream(*chunks), QUIET))) == ["1", "2", "3"]


def test_products_are_returned_before_the_feed_ends() -> None:
    def endless() -> Iterator[bytes]:
        yield RSS.encode()
        for number in range(1_000_000):
            yield f"<item>{GOOD.replace('1</g:id>', f'{number}</g:id>')}</item>".encode()

    reading = read_feed(cast("BinaryIO", Chunks(endless())), QUIET)
    assert ids([next(reading) for _ in range(3)]) == ["0", "1", "2"]


def test_memory_does_not_grow_with_the_feed() -> None:
    def many() -> Iterator[bytes]:
        yield RSS.encode()
        for number in range(2_000):
            described = f"<g:description>{'soft ' * 2_000}</g:description>"
            yield f"<item>{GOOD.replace('1</g:id>', f'{number}</g:id>')}{described}</item>".encode()
        yield b"</channel></rss>"

    tracemalloc.start()
    count = sum(1 for _ in read_feed(cast("BinaryIO", Chunks(many())), QUIET))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2_000
    assert peak < 2 * 2**20, "a feed of 20 MB"


# --- bad feeds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_error(content: bytes) -> None:
    assert str(before_error(content)[1]) == "it is empty"


@pytest.mark.parametrize("content", [b"<rss/>", RSS.encode() + b"</channel></rss>"])
def test_a_feed_without_items_has_no_products(content: bytes) -> None:
    assert read_xml(content) == []


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html>\n<html>",
        b"<html><body>Not found",
        b'<HTML lang="en">',
        b"<!doctype HTML PUBLIC 'a' 'b'>",
    ],
)
def test_html_is_an_error(content: bytes) -> None:
    error = before_error(content)[1]
    assert "HTML" in str(error) or "not well-formed" in str(error)
    assert "RSS 2.0 or Atom" in error.hint


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
        (
            item("<title>caf\u00e9</title>").replace(b"\xc3", b""),
            "line 3, column 17: it is not well-formed XML",
        ),
        (b'<?xml version="1.0" encoding="klingon"?><rss/>', "its encoding cannot be read"),
        (b'<?xml version="1.0" encoding="gbk"?><rss/>', "its encoding cannot be read"),
        (b"<rss>" + b"<a>" * 2_000, "line 1: it is nested too deeply to be a feed"),
    ],
)
def test_what_is_no_feed_is_an_error_with_its_place(content: bytes, reason: str) -> None:
    assert str(before_error(content)[1]).startswith(reason)


_GROWING = [f'<!ENTITY {own} "{f"&{last};" * 10}">' for last, own in zip("abcdefgh", "bcdefghi", strict=True)]
BOMB = f'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">{"".join(_GROWING)}]>'


@pytest.mark.parametrize(
    "declaration",
    [
        BOMB,
        "<!DOCTYPE rss>",
        '<!DOCTYPE rss SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE rss [<!ENTITY i SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss [<!ENTITY % i SYSTEM "http://127.0.0.1:9/x.dtd"> %i;]>',
    ],
)
def test_a_feed_with_a_document_type_is_an_error(declaration: str) -> None:
    content = (
        f"<?xml version='1.0'?>\n{declaration}<rss><channel><item><title>&i;</title></item></channel></rss>"
    )
    error = before_error(content.encode())[1]
    assert str(error).startswith("line 2: it has a document type declaration (DTD)")
    assert "<!DOCTYPE" in error.hint


def test_a_text_of_10_mb_refuses_its_product_only() -> None:
    good, long = GOOD.replace("1</g:id>", "7</g:id>"), f"<g:description>{'x' * 10_000_000}</g:description>"
    entries = read_xml(FEED.replace(b"</channel>", f"<item>{good}{long}</item></channel>".encode()))
    assert ids(entries) == ["1", "2", "3"]
    assert entries[3] == Refused("7", "Mug", "item 4: description has more than 100,000 characters")


def test_an_item_with_too_many_attributes_does_not_fill_the_memory() -> None:
    link = b"<g:additional_image_link>https://example.com/" + b"x" * 50_000 + b"</g:additional_image_link>"
    start = f"{RSS}<item>{GOOD}".encode()
    tracemalloc.start()
    [entry] = read_feed(stream(start, *[link] * 1_000, b"</item></channel></rss>"), QUIET)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert entry == Refused("1", "Mug", "item 1: it has more than 1,000,000 characters")
    assert peak < 10_000_000


def test_a_long_text_that_is_ignored_does_no_harm() -> None:
    assert ids(
        read_xml(item(f"{GOOD}<g:link>{'x' * 200_000}</g:link><g:custom>{'x' * 10_000_000}</g:custom>"))
    ) in (["1"], [])


@pytest.mark.parametrize("start", ['<item a="', "<!-- "])
def test_an_endless_tag_or_comment_is_an_error(start: str) -> None:
    def endless() -> Iterator[bytes]:
        yield (RSS + start).encode()
        for _ in range(10_000):
            yield b"x" * 1_000_000

    error = before_error(cast("BinaryIO", Chunks(endless())))[1]
    assert str(error) == "line 3: a tag or comment has more than 16 MB"


# --- incomplete feeds -----------------------------------------------------------------------------------


@given(st.integers(1, len(FEED) - 2))
def test_a_feed_that_ends_early_is_incomplete_wherever_it_is_cut(length: int) -> None:
    found, error = before_error(BytesIO(FEED[:length]))
    complete = FEED[:length].count(b"</item>")
    assert found == ["1", "2", "3"][: max(complete - 1, 0)], "the last one may have had more items"
    assert "incomplete" in str(error) or length < FEED.index(b"<channel>")


def test_an_error_of_the_stream_passes_through() -> None:
    end = FEED.index(b"</channel>")
    found, error = before_error(stream(FEED[:end], error=SourceError("the download ended early")))
    assert (found, str(error)) == (["1", "2"], "the download ended early")


def test_an_incomplete_group_is_not_returned() -> None:
    items = [ITEM | {"id": "1"}] + [
        ITEM | {"id": f"2-{size}", "item_group_id": "2", "size": size} for size in "SML"
    ]
    content = as_rss([list(each.items()) for each in items])
    found, _ = before_error(BytesIO(content[: content.rindex(b"<item>")]))
    assert found == ["1"]
