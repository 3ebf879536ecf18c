"""The JSON Schema of a source product, and the tables of its fields in docs/catalogue.md (`make docs`)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from medusa_sync.sources.schema import SourcePrice, SourceProduct, SourceVariant

_ROOT = SourceProduct.__name__
_REF = "#/$defs/"
_SHORT = 255  # characters of most texts; the page says so
_CELLS = 3  # object, field, description
_TABLE = Path(__file__).with_name("catalogue.csv")


class PageError(ValueError):
    """A mistake in a file from which the pages are generated."""


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a product."""
    objects = definitions()
    root = objects.pop(_ROOT)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "title": "Product",
        "$defs": objects,
    }


def blocks() -> Mapping[str, str]:
    """The tables of docs/catalogue.md by name."""
    return {
        "product": _table(_ROOT),
        "variant": _table(SourceVariant.__name__),
        "price": _table(SourcePrice.__name__),
    }


def definitions(table: Path = _TABLE) -> dict[str, Any]:
    """The objects of a catalogue, with the descriptions of their fields in the table."""
    _, found = msgspec.json.schema_components([SourceProduct], ref_template=_REF + "{name}")
    for definition in found.values():
        definition.pop("additionalProperties", None)  # other names are read, or reported
    for line, (name, field, description) in _described(table):
        fields = found.get(name, {}).get("properties", {})
        if field not in fields:
            raise PageError(f"{table.name}, line {line}: unknown field {name}.{field}")
        fields[field] = {"description": description, **fields[field]}
    return found


def _described(table: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows below the header, each with the line where it begins."""
    rows = csv.reader(table.read_text(encoding="utf-8").splitlines()[1:], strict=True)
    while True:
        line = rows.line_num + 2
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise PageError(f"{table.name}, line {line}: a quote is missing") from error
        if len(row) != _CELLS:
            raise PageError(f"{table.name}, line {line}: expected {_CELLS} cells, found {len(row)}")
        if row[-1].count('"') % 2:
            raise PageError(f"{table.name}, line {line}: a quote is missing")
        yield line, row


def _table(name: str) -> str:
    objects = definitions()
    alike: dict[tuple[str, str], list[str]] = {}
    for field, each in _fields(objects[name], objects):
        alike.setdefault((_kind(each, objects), each.get("description", "")), []).append(f"`{field}`")
    rows = [f"| {', '.join(fields)} | {kind} | {what} |\n" for (kind, what), fields in alike.items()]
    return "| field | value | |\n| --- | --- | --- |\n" + "".join(rows)


def _fields(definition: Mapping[str, Any], objects: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of an object; those of an object in it follow with its name before theirs."""
    for name, each in definition["properties"].items():
        inner = objects[_name(each)] if _name(each) else None
        if inner is None:
            yield name, each
            continue
        for field, value in inner["properties"].items():
            yield f"{name}.{field}", value


def _name(value: Mapping[str, Any]) -> str:
    """The name of the object that a value is; empty if it is none."""
    refs = [each.get("$ref", "") for each in value.get("anyOf", [value])]
    return next((ref.removeprefix(_REF) for ref in refs if ref), "")


def _kind(value: Mapping[str, Any], objects: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    if "anyOf" in value:
        kinds = [_kind(each, objects) for each in value["anyOf"] if each.get("type") != "null"]
        return _joined(kinds)
    if "enum" in value:
        return _joined([f"`{each}`" for each in value["enum"]])
    match value.get("type"):
        case "string" if value.get("maxLength", _SHORT) != _SHORT:
            return f"text of up to {value['maxLength']:,} characters"
        case "string":
            return "text"
        case "integer" | "number":
            return "whole number" if value["type"] == "integer" else "number"
        case "boolean":
            return "true or false"
        case "array":
            most = f"up to {value['maxItems']:,} " if "maxItems" in value else ""
            items = _first(value.get("items", {}))
            return f"list of {most}{_plural(items)}"
        case "object" if "additionalProperties" in value:
            return f"object, each value: {_kind(value['additionalProperties'], objects)}"
        case "object":
            return f"object with {', '.join(f'`{each}`' for each in value['properties'])}"
    return _kind(objects[own], objects) if (own := _name(value)) else ""


def _first(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The usual form of a value; its description names the others."""
    return value["anyOf"][0] if "anyOf" in value else value


def _plural(items: Mapping[str, Any]) -> str:
    if _name(items):
        return f"{_name(items).removeprefix('Source').lower()}s"
    if items.get("type") == "array":
        return f"lists of up to {items['maxItems']} texts"
    return "texts" if items.get("type") == "string" else "anything"


def _joined(kinds: list[str]) -> str:
    """Kinds of values; `number` covers whole numbers."""
    unique = dict.fromkeys(kinds)
    if "number" in unique:
        unique.pop("whole number", None)
    return " or ".join(unique)
