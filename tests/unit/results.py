"""Builds results of runs for the reports."""

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from msgspec import structs
from rich.console import Console

from medusa_sync.codes import Note
from medusa_sync.core.field_changes import Conflict, FieldChange
from medusa_sync.core.ids import Shard
from medusa_sync.core.outcome import Action, Outcome, Result
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, DesiredVariant, Withheld
from medusa_sync.core.result import Requests, RunResult, Status, StoreState
from medusa_sync.core.value import Value
from medusa_sync.report.output import Pipe
from medusa_sync.report.text import print_listed_once, print_result

URL = "https://cdn.example/" + "images/" * 20 + "spoon.webp?size=large&format=webp#top"
CDN = "https://cdn.example/shirts"
PRICE = FieldChange("price", 9.99, 10.99, applied=9.99, desired=10.99)


def updated(number: int, title: str, *changes: FieldChange, **rest: Any) -> Outcome:
    """An updated product with these changes, unless `rest` says something else."""
    default = {"result": Result.UPDATED, "action": Action.UPDATE, "changes": changes}
    return Outcome(f"dummyjson:{number}", title, **{**default, **rest})


def unchanged(number: int, title: str, **rest: Any) -> Outcome:
    return Outcome(f"dummyjson:{number}", title, Result.UNCHANGED, **rest)


SPOON = updated(1, "Olive Wood Spoon", PRICE)
MUG = Outcome("dummyjson:6", "Café Crème Mug", Result.CREATED, action=Action.CREATE)
BOWL = updated(7, "Stoneware Bowl", FieldChange("price", 4999, 49.99, desired=49.99), action=Action.ADOPT)
LAMP = Outcome("dummyjson:18", "فانوس نحاسي صغير", Result.REJECTED, "price: it is -1, below 0")
STAMPS = Outcome("dummyjson:31", "Stamps: [bold] to [/italic]", Result.FAILED, f"no response from {URL}")
_DRAFT = FieldChange("status", "published", "draft")
DRAFTED = updated(90, "Felt Slippers", _DRAFT, result=Result.REMOVED, action=Action.DRAFT)
DELETED = Outcome("dummyjson:91", "Wicker Basket", Result.REMOVED, action=Action.DELETE)
OVERRULED = updated(  # the source's price replaces the merchant's
    40,
    "Linen Apron",
    FieldChange("price", 21, 19.99, applied=20, desired=19.99),
    conflicts=(Conflict("price", 21, 19.99, OnConflict.SOURCE),),
)
RESPECTED = unchanged(  # the merchant's title is kept, although the source has a new one
    41, "Clay Teapot", conflicts=(Conflict("title", "Our Teapot", "Clay Teapot", OnConflict.STORE),)
)
_SMALL, _LARGE = "S / Red", "L / Red"
SHIRT = updated(  # each variant has a price of its own; both sides changed that of the large one, and a SKU
    60,
    "Linen Shirt",
    FieldChange("title", "Shirt", "Linen Shirt", "Shirt", "Linen Shirt"),
    FieldChange("price", 20, 21, 20, 21, _SMALL),
    FieldChange("option.Size", "Small", "S", "Small", "S", _SMALL),
    FieldChange("price", 23, 24, 22, 24, _LARGE),
    conflicts=(
        Conflict("price", 23, 24, OnConflict.SOURCE, _LARGE),
        Conflict("sku", "MINE", "SH-M", OnConflict.STORE, "M / Red"),
        Conflict("variant", None, "SH-XL", OnConflict.STORE, "XL / Red"),
    ),
)
HELD = updated(  # the price of the source is not written, the title is
    70,
    "Brass Kettle",
    FieldChange("title", "Kettle", "Brass Kettle", "Kettle", "Brass Kettle"),
    held=(FieldChange("price", 40, 0, 40, 0), FieldChange("price.eur", 38, 3.8, 38, 3.8, "Large")),
)
LACKING = updated(  # a new product, of which two variants do not get a value
    71,
    "Steel Kettle",
    result=Result.CREATED,
    action=Action.CREATE,
    withheld=(
        Withheld("1", "Large", "sku", "BK-1", None, "dummyjson:70 'Brass Kettle' (prod_70)", "dummyjson:70"),
        Withheld("2", "Small", "barcode", "4006381333931", None, "another variant of this product (Large)"),
    ),
)
KEEPING = unchanged(  # its SKU stays as it is, its other values do too
    72, "Copper Kettle", withheld=(Withheld("", "", "sku", "BK-2", "CK-1", "'Our Kettle' (prod_9)"),)
)
_OLD = Withheld("", "", "sku", "BK-3", None, "dummyjson:70", "dummyjson:70", is_new=False)
KNOWN = updated(73, "Iron Kettle", PRICE, withheld=(_OLD,))  # an earlier run has listed the SKU
SKIPPED = Outcome("dummyjson:80", "Wool Hat", Result.SKIPPED, "it was deleted in the store")
ROW = Outcome(None, "", Result.REJECTED, "row 17 is not an object")
LEFT = (
    Outcome("dummyjson:50", "Rug 50", Result.UNCONFIRMED, "not completed: no response"),
    Outcome("dummyjson:51", "Rug 51", Result.NOT_ATTEMPTED, "not completed: no response"),
)
TINY = st.text(st.characters() | st.sampled_from("\x1b\n\u202e\u200d\ud83d🐻[]/ "), max_size=20)


def run(
    *changes: Outcome, problems: Sequence[Outcome] = (), not_completed: Sequence[Outcome] = (), **rest: Any
) -> RunResult:
    """A run of 194 products with these changes and problems; the others are unchanged."""
    counts = dict.fromkeys(Result, 0)
    for outcome in (*changes, *problems, *not_completed):
        counts[outcome.result] += 1
    counts[Result.UNCHANGED] = 0
    counts[Result.UNCHANGED] = 194 - sum(counts.values()) + counts[Result.REMOVED]
    result = RunResult(
        job="sync-products",
        dry_run=False,
        status=Status.PARTIAL if problems else Status.OK,
        exit_code=5 if problems else 0,
        started_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        duration_s=9.51234,
        source_url="https://dummyjson.com/products",
        source_format="JSON pages",
        source_total=194,
        seen=194,
        store_url="http://localhost:9000",
        store=StoreState(200, 194),
        counts=counts,
        conflicts=sum(len(outcome.conflicts) for outcome in changes),
        held=sum(bool(outcome.held) for outcome in changes),
        withheld=sum(len(outcome.withheld) for outcome in changes),
        not_compared=0,
        requests=Requests(source=7, store_reads=12, store_writes=26, retries=1),
        problems=tuple(problems),
        not_completed=tuple(not_completed),
        changes=changes,
        notes=(),
        error="",
        hint="",
    )
    return structs.replace(result, **rest)


def previewed(text: str) -> DesiredProduct:
    """A product in which every text is external."""
    fields: dict[str, Value] = {f"option.{text}": text, "price": 9.5, "price.eur": 8}
    return DesiredProduct(
        text,
        text,
        "usd",
        {"title": text, "images": (text,)},
        (
            DesiredVariant("1", text, fields),
            DesiredVariant("2", "", fields | {"price": 12, "sale_price": 11}),
        ),
        (text,),
    )


def hostile(text: str, *, variants: int = 1) -> RunResult:
    """A run in which every text is external, also the name of a field, with changes of some variants."""
    wild = f"x{text}"
    field = f"{wild}_"  # not the name of a real field
    sides = wild, f"{wild}!", f"{wild}?", f"{wild}."
    changes = (
        FieldChange(field, *sides),
        FieldChange(field, (wild,), None, (f"{wild}?",), (f"{wild}.",)),
        FieldChange("description", f"{'x' * 100}{text}", f"{text}{'y' * 100}"),
        *(FieldChange(field, *sides, f"{wild}{number}") for number in range(variants)),
    )
    update = Outcome(wild, wild, Result.UPDATED, action=Action.UPDATE, changes=changes)
    contested = structs.replace(
        update,
        conflicts=(Conflict(field, wild, f"{wild}!", OnConflict.STORE, wild),),
        held=(FieldChange(field, *sides, wild),),
        withheld=(Withheld("", wild, field, wild, f"{wild}!", wild),),
    )
    return run(
        update,
        contested,
        Outcome(wild, wild, Result.REMOVED, action=Action.DELETE),
        problems=[Outcome(wild, wild, each, wild) for each in (Result.FAILED, Result.REJECTED)],
        not_completed=[Outcome(wild, wild, Result.UNCONFIRMED, wild)],
        skipped=(Outcome(wild, wild, Result.SKIPPED, wild),),
        dry_run=True,
        job=wild,
        source_url=wild,
        store_url=wild,
        notes=(Note("not_used", wild),),
        first=(previewed(wild),),
        status=Status.FAILED,
        error=wild.replace("\n", ""),  # line breaks in it are our own
        hint=wild,
    )


def of_variants(number: int, *contested: int) -> Outcome:
    """A product with a new price for each of its variants; those of some were changed on both sides."""
    names = [f"V{index}" for index in range(number)]
    return updated(
        61,
        "Shirt in all colours",
        *(FieldChange("price", 20, 21, 20, 21, name) for name in names),
        conflicts=tuple(Conflict("price", 20, 21, OnConflict.SOURCE, names[index]) for index in contested),
    )


class Terminal(io.StringIO):
    """A terminal with colours: `output_to` decides by `isatty`."""

    def isatty(self) -> bool:
        return True


def on_terminal(result: RunResult, width: int = 80, *, verbose: bool = False) -> str:
    """What a terminal of a width shows of a run."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    print_result(result, console, verbose=verbose)
    return str(console.file.getvalue())  # type: ignore[attr-defined]  # a StringIO


def quietly(result: RunResult) -> str:
    """What `--quiet` prints of a run in which all is well."""
    file = io.StringIO()
    print_listed_once(result, Pipe(file))
    return file.getvalue()


def squeezed(text: str) -> str:
    """A text without the blanks and borders of a table."""
    return re.sub(r"[\s╭╮╰╯─│├┤┬┴┼]", "", text)


EVERYTHING = run(  # all that a result can have
    structs.replace(
        SPOON,
        changes=(
            PRICE,
            FieldChange("tags", ("a",), ("a", "b, c"), ("a",), ("a", "b, c")),
            FieldChange("weight", None, 4, None, 4),
        ),
    ),
    *(MUG, BOWL, OVERRULED, RESPECTED, SHIRT, HELD, LACKING, KEEPING, KNOWN, DRAFTED, DELETED),
    problems=[LAMP, STAMPS, ROW],
    not_completed=LEFT,
    skipped=(SKIPPED,),
    notes=(Note("no_stock_location", "Add a stock location."),),
    status=Status.FAILED,
    exit_code=4,
    error="no response\nfor 30 s",
    hint="Wait.",
    shard=Shard(3, 8),
)
NOT_COMPARED = run(
    store_url=None,
    store=None,
    source_format="",
    source_total=None,
    counts=dict.fromkeys(Result, 0),
    not_compared=194,
    dry_run=True,
    first=(
        DesiredProduct(
            "dummyjson:1",
            "1",
            "usd",
            {"title": "Mug", "images": ()},
            (DesiredVariant("", "", {"price": 9.5}),),
        ),
        structs.replace(
            previewed("Size"),
            external_id="dummyjson:2",
            fields={
                "title": "A shirt with a title that is longer than a narrow terminal",
                "images": (f"{CDN}/1.webp", f"{CDN}/2.webp"),
            },
            variants=tuple(
                DesiredVariant(
                    size, size, {"option.Size": size, "price": 20 + number, "price.eur.Germany.10+": 18.5}
                )
                for number, size in enumerate(("XS", "S", "M", "L", "XL"))
            ),
        ),
    ),
)
