"""Adjusts products with the program of `--adjust`, after they were read (see docs/adjust.md)."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from itertools import islice
from os.path import isfile
from typing import Any

import msgspec
from msgspec import structs

from medusa_sync.codes import Note
from medusa_sync.core.run_settings import ADJUST
from medusa_sync.core.value import counted
from medusa_sync.errors import SourceError
from medusa_sync.redact import shortened
from medusa_sync.settings.parsers import expanded
from medusa_sync.sources.base import Item, PageOfItems
from medusa_sync.sources.delivery import named
from medusa_sync.sources.lenient import in_our_form
from medusa_sync.sources.mapping import readable
from medusa_sync.sources.maps.grouped import LEFT_OUT
from medusa_sync.sources.maps.program import Program
from medusa_sync.sources.text import shown
from medusa_sync.sources.variants import name_variant

logger = logging.getLogger(__name__)

_UNUSED = "unused"
_SHOWN = 6  # differences of the example, and reasons
_INLINE = "the program"


class Adjustment:
    """Products as a program gives them back: changed, several, or none.

    A product that fails could have become any other one, so it is rejected without its id, and nothing is
    removed.

    Args:
        value: of `--adjust`: a file, or the program itself.

    Raises:
        SettingsError: the file cannot be read, or it is not a valid program.
    """

    def __init__(self, value: str) -> None:
        is_file = value.endswith(".jq") or isfile(value)  # noqa: PTH113 - pathlib raises
        name, text = (expanded(value), "") if is_file else (_INLINE, value)
        self.program = Program(name, text, option=ADJUST)
        self._read = self._left_out = self._changed = 0
        self._reasons = Counter[str]()
        self._example = ""

    async def pages(
        self, pages: AsyncGenerator[PageOfItems, None], is_strict: Callable[[Item], bool]
    ) -> AsyncGenerator[PageOfItems, None]:
        """The pages with the products that the program gives.

        Raises:
            SourceError: it leaves all products out, so that the source would look empty.
        """
        self._read = self._left_out = self._changed = 0
        self._reasons.clear()
        async with self.program, aclosing(pages):
            async for page in pages:
                self._read += len(page.rows)
                forms = [_in_our_form(each, is_strict=is_strict(each)) for each in page.rows]
                async with aclosing(self.program.made_of(forms)) as made:
                    rows = [row async for form, given, why in made for row in self._rows(form, given, why)]
                yield structs.replace(page, rows=tuple(rows))
        if self._read and self._left_out == self._read:
            raise SourceError(
                f"{self.program.name} of --adjust leaves out all of {counted(self._read)}{self._why()}",
                hint="Nothing was removed. Check the program: --dry-run shows what it gets.",
            )

    def _rows(self, form: Item, given: Sequence[Any], error: str) -> Iterator[Item]:
        if error:
            yield _rejected(form, error)
            return
        products = [each for each in given if not (isinstance(each, dict) and each.keys() == {LEFT_OUT})]
        if not products:
            self._left_out += 1
            self._reasons.update({str(each[LEFT_OUT]) for each in given})
        before = {name: value for name, value in form.value.items() if name != _UNUSED}
        for each in products:
            if not isinstance(each, dict):
                text = shown(msgspec.json.encode(each).decode())
                yield _rejected(form, f"{self.program.name} gives {text}, which is not a product")
                continue
            for part in (each, *_variants(each)):
                part.pop(_UNUSED, None)
            if each != before:
                self._changed += 1
                self._example = self._example or self._example_of(form, before, each)
            yield structs.replace(form, value=each, named=None)

    def _example_of(self, form: Item, before: dict[str, Any], after: dict[str, Any]) -> str:
        words = self.program.name, json.dumps(form.value), json.dumps(after)
        text = "the first product that %s changes is %s and becomes %s"
        logger.debug(text, *words, extra={"event": "adjusted"})
        old, new = dict(_leaves(before)), dict(_leaves(after))
        both = {path: (old.get(path), new.get(path)) for path in {**old, **new}}
        found = (f"{path} {_value(a)} -> {_value(b)}" for path, (a, b) in both.items() if a != b)
        return f"{shown(str(before.get('title')))}: {', '.join(islice(found, _SHOWN))}"

    def _why(self) -> str:
        reasons = ", ".join(f"{reason}: {count:,}" for reason, count in self._reasons.most_common(_SHOWN))
        return reasons and f" ({reasons})"

    @property
    def notes(self) -> Iterator[Note]:
        """How many products are left out."""
        if self._left_out:
            left = f"{self._left_out:,} of {counted(self._read)}{self._why()}"
            yield Note("left_out_by_adjust", f"{self.program.name} of --adjust leaves out {left}.")

    @property
    def example(self) -> Iterator[Note]:
        """What a product looked like before and after."""
        if self._changed:
            products = counted(self._changed)
            text = f"{self.program.name} of --adjust changes {products}, such as {self._example}."
            yield Note("adjusted", text)


def _in_our_form(item: Item, *, is_strict: bool) -> Item:
    """What the program gets, with what else the product has; an item with a problem if it cannot be read."""
    source_id, _ = named(item)
    item.place = item.place or f"product {source_id}"
    problem, value = item.problem, item.decoded
    try:
        form = in_our_form(value, is_strict=is_strict) if value and not problem else {}
        form[_UNUSED] = {**(item.rest or {}), **form.get(_UNUSED, {})}
    except msgspec.ValidationError as error:
        problem = name_variant(readable(error), value)
    except RecursionError:
        problem = "it is nested too deeply"
    if problem or not value:
        return structs.replace(item, problem=problem or "it is not an object")
    return Item(form, item.place, is_foreign=item.is_foreign)


def _rejected(item: Item, problem: str) -> Item:
    """A product that is rejected without its id, which its reason has."""
    source_id, title = named(item)
    value = {"title": title} if title else None
    return Item(value, item.place, f"id {source_id}: {problem}" if source_id else problem)


def _variants(product: dict[str, Any]) -> list[dict[str, Any]]:
    variants = product.get("variants")
    return [each for each in variants if isinstance(each, dict)] if isinstance(variants, list) else []


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values that are no objects or lists, and those that are empty, with their paths."""
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from _leaves(each, f"{path}[{index}]")
    else:
        yield path, value


def _value(value: Any) -> str:
    return "none" if value is None else shortened(json.dumps(value, ensure_ascii=False))
