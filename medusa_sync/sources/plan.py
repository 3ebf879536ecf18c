"""Saved plans: what a dry run would write, one line for each product, as a source of approved products."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from medusa_sync._version import __version__
from medusa_sync.core.approval import PlanLine, as_saved
from medusa_sync.core.approved import Approved
from medusa_sync.core.fields import FIELDS, TITLE, VARIANT_FIELDS, Fields
from medusa_sync.core.ids import source_id_of
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.undo import Undone
from medusa_sync.core.value import Value
from medusa_sync.errors import SettingsError, SourceError
from medusa_sync.sources.base import Page, Source, paged

VERSION = 1
_AGAIN = "make a new one with --dry-run --save-plan"


class Header(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of a plan.

    Attributes:
        version: of the format.
        medusa_sync: the version that made it.
        store: its URL.
        source: as it is shown, without secrets.
        settings: those that decide what is written, as they are given to their flags.
        counts: of lines by action.
        category_names: names of categories that may have to be created, by slug.
        refused: why it may not be carried out; empty if it may.
        undone: the id of the run that it undoes; empty for none, and if its document has none.
        checksum: of the file without it.
    """

    version: int = VERSION
    medusa_sync: str = __version__
    store: str
    source_name: str
    source: str
    settings: dict[str, str]
    counts: dict[str, int]
    category_names: dict[str, str]
    refused: str = ""
    undone: str = ""
    checksum: str = ""


class _UndoneLine(PlanLine, frozen=True):
    product: Undone | None = None


_line = msgspec.json.Decoder(PlanLine).decode
_undone_line = msgspec.json.Decoder(_UndoneLine).decode


def checksum_of(header: Header, lines: Iterable[bytes]) -> str:
    """The checksum of a plan."""
    digest = blake2b(as_saved(structs.replace(header, checksum="")), digest_size=16)
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


class Plan(Source):
    """A saved plan that was checked as a whole.

    Args:
        path: of the file.

    Attributes:
        undoes: what it does is to undo a run.
        undone: the id of that run; empty if its document has none.
        removed: the products that it removes or marks.

    Raises:
        SettingsError: it cannot be read, is damaged, was made by another version, or may not be carried out.
    """

    format = "plan"

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.header = self._header()
            self.undoes = "undo" in self.header.settings
            self.undone = self.header.undone
            removed = [line.plan for line in self._lines() if line.product is None]
        except OSError as error:
            raise self.error(f"the file cannot be read ({error.strerror})") from error
        except (msgspec.MsgspecError, UnicodeError) as error:
            raise self.error(f"it is no plan, or damaged; {_AGAIN}") from error
        self.removed, self._total = removed, sum(self.header.counts.values()) - len(removed)

    def error(self, problem: str) -> SettingsError:
        """The error of a plan that cannot be carried out."""
        return SettingsError([f"--apply-plan {str(self._path)!r}: {problem}"])

    def _header(self) -> Header:
        with self._path.open("rb") as file:
            start = file.readline()
        version = msgspec.json.decode(start, type=_Version)
        if (version.version, version.medusa_sync) != (VERSION, __version__):
            made_by = f"medusa-sync {version.medusa_sync} has made it, this is {__version__}"
            raise self.error(f"{made_by}; {_AGAIN}")
        header = msgspec.json.decode(start, type=Header)
        if header.refused:
            reason = header.refused.removesuffix(".")
            raise self.error(f"its dry run ended early ({reason}); {_AGAIN}")
        return header

    def _lines(self) -> Iterator[PlanLine]:
        with self._path.open("rb") as file:  # it may be another file than before
            start, header = file.readline(), self.header
            if start != as_saved(header) + b"\n" or checksum_of(header, file) != header.checksum:
                raise self.error(f"it was changed after it was saved, or is incomplete; {_AGAIN}")
            file.seek(len(start))
            before = ""
            for line in map(_undone_line if self.undoes else _line, file):
                if line.plan.external_id <= before or not _fits(line, header):
                    raise self.error(f"it is no plan, or damaged; {_AGAIN}")
                before = line.plan.external_id
                yield line

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:  # noqa: ARG002 - all were approved
        lines = self._lines()
        products = (_approved(each.product, each.plan) for each in lines if each.product)
        try:
            for page in paged(products, self._total):
                yield page
        except (OSError, msgspec.MsgspecError) as error:
            raise SourceError(f"{self._path}: the plan was changed while it was carried out") from error

    async def category_names(self) -> Mapping[str, str]:
        return self.header.category_names


def _fits(line: PlanLine, header: Header) -> bool:
    """Whether a line is about a product of the source, and its values are of the types of their fields."""
    plan, product = line.plan, line.product
    source_id = source_id_of(header.source_name, plan.external_id)
    if source_id is None or product is None or plan.is_hidden:
        return source_id is not None
    keys = {each.key for each in product.variants}
    is_whole = isinstance(product, Undone) or (isinstance(product.fields.get(TITLE), str) and bool(keys))
    return (
        (product.external_id, product.source_id) == (plan.external_id, source_id)
        and is_whole
        and len(keys) == len(product.variants)
        and all(_is_valid(FIELDS, *each) for each in product.fields.items())
        and all(_is_valid(VARIANT_FIELDS, *each) for own in product.variants for each in own.fields.items())
    )


def _is_valid(fields: Fields, name: str, value: Value) -> bool:
    """Whether a field can have a value, as far as the engine relies on it."""
    if value is None or not fields.knows(name):
        return value is None
    return fields[name].kind.takes(value)


def _approved(product: DesiredProduct, plan: Approved) -> DesiredProduct:
    name = {"name": plan.title} if isinstance(product, Undone) else {}
    return structs.replace(product, approved=plan, **name)


class _Version(Struct):
    version: int
    medusa_sync: str
