"""The CSV report of a run."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.result import RunResult, Status
from medusa_sync.report.csv import as_csv
from medusa_sync.report.escape import visible
from tests.unit.results import (
    BOWL,
    DELETED,
    DRAFTED,
    LAMP,
    LEFT,
    MUG,
    OVERRULED,
    PRICE,
    RESPECTED,
    ROW,
    SHIRT,
    SPOON,
    STAMPS,
    TINY,
    of_variants,
    run,
)

COLUMNS = ["external_id", "title", "outcome", "action", "field", "from", "to", "reason", "variant"]
FORMULAS = tuple("=+-@\t\r＝＋－＠")  # noqa: RUF001 - wide on purpose


def rows(result: RunResult) -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(result), newline=""), strict=True))


def test_csv_has_a_row_per_field_change_or_product() -> None:
    tags = FieldChange("tags", ("a",), ("a", "b, c"))
    spoon = structs.replace(SPOON, changes=(PRICE, tags, FieldChange("weight", None, 4)))
    result = run(
        spoon,
        MUG,
        BOWL,
        OVERRULED,
        RESPECTED,
        DRAFTED,
        DELETED,
        problems=[LAMP, ROW],
        not_completed=LEFT[:1],
        status=Status.FAILED,
        error="no response",
    )
    source = "changed on both sides; the source wins, the store had 21"
    store = "changed on both sides; the store wins, the source has Clay Teapot"
    written = rows(result)
    assert [row[:-1] for row in written[1:]] == [
        ["", "", "failed", "", "", "", "", "no response"],
        ["dummyjson:18", "فانوس نحاسي صغير", "rejected", "", "", "", "", "price: it is -1, below 0"],
        ["", "", "rejected", "", "", "", "", "row 17 is not an object"],
        ["dummyjson:50", "Rug 50", "unconfirmed", "", "", "", "", "not completed: no response"],
        ["dummyjson:1", "Olive Wood Spoon", "updated", "update", "price", "9.99", "10.99", ""],
        ["dummyjson:1", "Olive Wood Spoon", "updated", "update", "tags", '["a"]', '["a", "b, c"]', ""],
        ["dummyjson:1", "Olive Wood Spoon", "updated", "update", "weight", "", "4", ""],
        ["dummyjson:6", "Café Crème Mug", "created", "create", "", "", "", ""],
        ["dummyjson:7", "Stoneware Bowl", "updated", "adopt", "price", "4999", "49.99", ""],
        ["dummyjson:40", "Linen Apron", "updated", "update", "price", "21", "19.99", source],
        ["dummyjson:41", "Clay Teapot", "unchanged", "keep", "title", "Our Teapot", "Our Teapot", store],
        ["dummyjson:90", "Felt Slippers", "removed", "draft", "status", "published", "draft", ""],
        ["dummyjson:91", "Wicker Basket", "removed", "delete", "", "", "", ""],
    ]
    assert written[0] == COLUMNS
    assert {row[-1] for row in written[1:]} == {""}


def test_the_last_column_is_the_variant_and_conflicts_are_those_of_the_variant() -> None:
    won = "changed on both sides; the source wins, the store had 23"
    kept = "changed on both sides; the store wins, the source has"
    assert [row[4:] for row in rows(run(SHIRT))[1:]] == [
        ["title", "Shirt", "Linen Shirt", "", ""],
        ["price", "20", "21", "", "S / Red"],
        ["option.Size", "Small", "S", "", "S / Red"],
        ["price", "23", "24", won, "L / Red"],
        ["sku", "MINE", "MINE", f"{kept} SH-M", "M / Red"],
        ["variant", "", "", f"{kept} SH-XL", "XL / Red"],
    ]


def test_no_variant_is_left_out() -> None:
    written = rows(run(of_variants(2_000)))[1:]
    assert [row[-1] for row in written] == [f"V{number}" for number in range(2_000)]


@given(text=st.one_of(TINY, st.builds(str.__add__, st.sampled_from(FORMULAS), TINY)))
def test_csv_keeps_any_text_and_contains_no_formula(text: str) -> None:
    spoon = structs.replace(
        SPOON, title=text, changes=(FieldChange("brand", text, f"{text}!", variant=text),)
    )
    shown = visible(text)
    kept = f"'{shown}" if shown.startswith(FORMULAS) else shown
    written = rows(run(spoon, problems=[structs.replace(STAMPS, reason=text)]))
    assert [len(row) for row in written] == [len(COLUMNS)] * 3
    assert written[1][-2] == kept
    assert written[2][1] == written[2][5] == written[2][-1] == kept
    assert not any(cell.startswith(FORMULAS) for row in written for cell in row)
