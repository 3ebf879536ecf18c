"""Catalogues as Google Merchant feeds, in all formats."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final
from xml.sax.saxutils import escape

Item = list[tuple[str, str]]
"""Names and values of attributes, as they are written."""

NAMESPACE: Final = 'xmlns:g="http://base.google.com/ns/1.0"'
RSS: Final = f'<?xml version="1.0"?>\n<rss version="2.0" {NAMESPACE}><channel><title>Shop</title>\n'
ITEM: Final = {"id": "1", "title": "Mug", "price": "15.00 USD", "availability": "in_stock"}


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
