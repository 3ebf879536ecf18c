"""Only the files of its kind name a kind of field; each exception has a reason."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import medusa_sync

PACKAGE = Path(medusa_sync.__file__).parent
FILES = [
    *(each for each in (PACKAGE / "core").rglob("*.py") if each.parent.name != "kinds"),
    *(PACKAGE / "medusa" / name for name in ("decode.py", "payload.py")),
]
KINDS = {
    "price": r"(?<!sale_)(?<!sale)(?<![a-z])prices?(?![a-z])",
    "sale price": r"(?<![a-z])sales?(?![a-z]|[_ ]channel)",
    "stock": r"(?<![a-z])stock(?![a-z])",
    "channels": r"(?<![a-z])channels?(?![a-z])",
    "texts": r"translat|(?<![a-z])locales?(?![a-z])",
    "categories": r"category|categories",
    "images": r"(?<![a-z])images?(?![a-z])",
}

TABLE, STORED = "core/fields.py", "core/stored.py"
SETTINGS = "core/run_settings.py"  # which settings decide what the source wants
STEPS = "core/steps.py"  # the list of steps
WANTED = "core/product.py"  # what the source wants has names and ids besides its fields
PLACEMENT = "core/placement.py"  # where new products go
BODIES = "medusa/payload.py"  # a new product gets what Medusa would leave out
EXCEPTIONS = {
    "price": {
        SETTINGS,
        "core/policy.py",  # the setting of how far a price may move
        "core/selection.py",  # the same
        "core/plan.py",  # the same; a variant whose creation was interrupted cannot get prices
        "core/unfinished.py",  # which variants these are
        "medusa/decode.py",  # responses have prices under another name than requests
    },
    "sale price": {
        SETTINGS,
        STEPS,
        "core/undo.py",  # a message: what is for sale
    },
    "stock": {
        PLACEMENT,
        SETTINGS,
        WANTED,
        BODIES,
        "core/change.py",  # stock that is not sent, because its items are the merchant's
        "core/inventory.py",  # what is written to inventory items
        "core/item_plans.py",  # the same
        "core/kits.py",  # inventory items that are the merchant's
        "core/plan.py",  # inventory items that are shared, or the merchant's
        "core/selection.py",  # a product whose default location moved is not up to date
        "core/shared_stock.py",  # which inventory item variants share
        "core/undo.py",  # an undo sells again what drafting has set to 0
    },
    "channels": {PLACEMENT, WANTED, BODIES},
    "texts": {STEPS},
    "categories": {
        WANTED,
        "core/needed_terms.py",  # adopted products get categories, too
        "core/result.py",  # reports list the new ones
    },
    "images": set[str](),
}


def words(path: Path) -> Iterator[str]:
    """The names and strings of a file that are neither imported nor documentation, in snake case."""
    text = path.read_text(encoding="utf-8")
    skipped = set[int]()
    for node in ast.walk(ast.parse(text)):
        is_code = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Expr) and not is_code:
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.NAME, tokenize.STRING} and token.start[0] not in skipped:
            yield re.sub(r"(?<=[a-z])(?=[A-Z])", "_", token.string).lower()


@pytest.fixture(scope="module")
def vocabulary() -> dict[str, set[str]]:
    return {each.relative_to(PACKAGE).as_posix(): {*words(each)} for each in FILES}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_files_of_a_kind_name_it(kind: str, vocabulary: dict[str, set[str]]) -> None:
    """A new file that names it needs a reason here, or a method of the kind in its stead."""
    naming = {
        name for name, known in vocabulary.items() if any(re.search(KINDS[kind], each) for each in known)
    }
    assert naming - {TABLE, STORED} == EXCEPTIONS[kind]
