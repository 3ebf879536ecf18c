"""A mistake in the table that describes the fields of a catalogue is reported with its line."""

from pathlib import Path

import pytest

from docs.catalogue import PageError, definitions

TABLE = Path(__file__).parents[2] / "docs" / "catalogue.csv"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ('SourceProduct,brand,"Stored in the metadata.', "a quote is missing"),
        ('SourceProduct,brand,Stored in the metadata."', "a quote is missing"),
        ("SourceProduct,brand,Stored, in the metadata.", "expected 3 cells, found 4"),
        ("SourceProduct,brnd,Stored in the metadata.", "unknown field SourceProduct.brnd"),
        ("SourcProduct,brand,Stored in the metadata.", "unknown field SourcProduct.brand"),
    ],
)
def test_a_mistake_in_the_table_names_file_and_line(row: str, says: str, tmp_path: Path) -> None:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    lines.insert(4, row)
    table = tmp_path / "catalogue.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(PageError, match=rf"catalogue\.csv, line 5: .*{says}"):
        definitions(table)
