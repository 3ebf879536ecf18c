"""Catalogues as Google Merchant feeds: writers of all formats, and what a reader has to return."""

import csv
import string
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any, Final
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from tests.unit.sources.reading import only, reason

Item = list[tuple[str, str]]
"""Names and values of attributes, as they are written."""
Product = dict[str, Any]

NAMESPACE: Final = 'xmlns:g="http://base.google.com/ns/1.0"'
RSS: Final = f'<?xml version="1.0"?>\n<rss version="2.0" {NAMESPACE}><channel><title>Shop</title>\n'
ITEM: Final[dict[str, str]] = {
    "id": "1",
    "title": "Mug",
    "price": "15.00 USD",
    "availability": "in_stock",
}


# --- writers --------------------------------------------------------------------------------------------


def as_rss(items: Iterable[Item]) -> bytes:
    """As most programs write it: the elements of RSS itself without a prefix."""
    text = "".join(f"<item>{''.join(map(_rss_element, item))}</item>\n" for item in items)
    return f"{RSS}{text}</channel></rss>\n".encode()


def _rss_element(attribute: tuple[str, str]) -> str:
    name, value = attribute
    tag = name if name in {"title", "description", "link"} else f"g:{name}"
    return f"<{tag}>{escape(value)}</{tag}>"


def as_atom(items: Iterable[Item]) -> bytes:
    """With CDATA, an id of Atom, and nested elements that have names of attributes."""
    text = "".join(f"<entry>{''.join(map(_atom_element, item))}{_NESTED}</entry>\n" for item in items)
    head = f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACE}><title>Shop</title><id>urn:shop</id>'
    return f"\n\n{head}{text}</feed>".encode()


_NESTED = (
    "<id>urn:entry</id><link href='https://shop.example/1'/><updated>2026-01-02T03:04:05Z</updated>"
    "<g:shipping><g:country>US</g:country><g:price>4.00 USD</g:price></g:shipping>"
)


def _atom_element(attribute: tuple[str, str]) -> str:
    name, value = attribute
    tag = {"title": "title", "description": "summary"}.get(name, f"g:{name}")
    return f"<{tag}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{tag}>"


def as_table(items: Sequence[Item], delimiter: str) -> str:
    """A header and a line for each item; attributes that are repeated have a column for each value."""
    width = dict.fromkeys(ITEM, 1)  # the columns that every feed has
    for item in items:
        names = [name for name, _ in item]
        width.update({name: max(width.get(name, 0), names.count(name)) for name in names})
    columns = [(name, number) for name, count in width.items() for number in range(count)]
    text = StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(name for name, _ in columns)
    for item in items:
        values = {name: [value for key, value in item if key == name] for name in width}
        writer.writerow(
            values[name][number] if number < len(values[name]) else "" for name, number in columns
        )
    return text.getvalue()


# --- readers --------------------------------------------------------------------------------------------


def feed_of(*items: dict[str, str]) -> bytes:
    """A feed with these items; an item has the attributes of `ITEM` too."""
    return as_rss([list({**ITEM, **item}.items()) for item in items])


def product_of(*items: dict[str, str]) -> DesiredProduct:
    """The only product of a feed."""
    return only(feed_of(*items))


def reason_of(*items: dict[str, str]) -> str:
    """Why the only product of a feed is rejected."""
    return reason(feed_of(*items))


# --- catalogues -----------------------------------------------------------------------------------------

_TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=12,
).map(lambda text: f"{text.strip()}x")
_NAMES = st.text(string.ascii_letters + "&-é ", min_size=1, max_size=8).map(lambda text: f"{text.strip()}y")
_URLS = st.from_regex(r"https://cdn\.example/[a-z0-9,]{1,9}\.jpg", fullmatch=True)
_CENTS = st.integers(0, 10**8)
_OPTIONS = {"color": "Color", "size": "Size", "material": "Material", "pattern": "Pattern"}


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[list[Item], list[Product]]:
    """The items of a feed, and the products that a reader has to return."""
    items: list[Item] = []
    expected: list[Product] = []
    for number in range(draw(st.integers(0, 4))):
        own_items, product = draw(_products(number))
        items += own_items
        expected.append(product)
    return items, expected


@st.composite
def _products(draw: st.DrawFn, number: int) -> tuple[list[Item], Product]:
    texts = {
        name: draw(_TEXTS)
        for name in ("title", "description", "brand")
        if name == "title" or draw(st.booleans())
    }
    paths = draw(st.lists(st.lists(_NAMES, min_size=1, max_size=3), max_size=2, unique_by=tuple))
    images = draw(st.lists(_URLS, max_size=3, unique=True))
    metadata = {name: draw(_TEXTS) for name in ("condition", "mpn") if draw(st.booleans())}
    options = draw(st.lists(st.sampled_from(sorted(_OPTIONS)), max_size=2, unique=True))
    size = draw(st.integers(2, 4)) if options else 1
    # The first option tells the variants apart, and the second one has two values at least.
    values = [
        {name: f"{name} {each if place == 0 else each % 2}" for place, name in enumerate(options)}
        for each in range(size)
    ]
    product: Product = {
        "id": f"P{number}",
        **texts,
        "categories": paths,
        "images": images,
        "metadata": metadata,
    }
    product |= {"options": [name for key, name in _OPTIONS.items() if key in options], "variants": []}
    items: list[Item] = []
    for each in range(size):
        money, variant = draw(_money())
        own_id = f"P{number}" if size == 1 and draw(st.booleans()) else f"P{number}-{each}"
        extra = {"gtin": f"{number:04}{each:04}"} if draw(st.booleans()) else {}
        stock = draw(st.none() | st.integers(0, 99))
        group = {} if own_id == product["id"] else {"item_group_id": product["id"]}
        item = {"id": own_id, **group, **texts, **metadata, **values[each], **money, **extra}
        item |= {"availability": "in stock"} | ({} if stock is None else {"quantity": str(stock)})
        repeated = [("additional_image_link", url) for url in images[1:]]
        repeated += [("product_type", " > ".join(path)) for path in paths]
        items.append([*item.items(), *(("image_link", url) for url in images[:1]), *repeated])
        variant |= {"id": own_id, "sku": own_id, "stock": stock, "barcode": extra.get("gtin")}
        variant["options"] = {_OPTIONS[name]: value for name, value in values[each].items()}
        product["variants"].append(_without_empty(variant))
    return items, _without_empty(product | {"availabilityStatus": "in_stock"})


@st.composite
def _money(draw: st.DrawFn) -> tuple[dict[str, str], Product]:
    """The attributes of a price, and the fields of a variant."""
    price, sale = draw(_CENTS), draw(st.none() | _CENTS)
    attributes = {"price": f"{price / 100:.2f} USD"} | (
        {} if sale is None else {"sale_price": f"{sale / 100:.2f} USD"}
    )
    if not sale or sale >= price:
        return attributes, {"prices": {"usd": price / 100}}
    return attributes, {"prices": {"usd": sale / 100}, "compareAtPrice": price / 100}


def _without_empty(fields: Product) -> Product:
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
