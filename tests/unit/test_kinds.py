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
ROOMS = {"core", "sync", "medusa"}
KINDS = {
    "SKU": r"(?<![a-z])skus?(?![a-z])",
    "option": r"(?<![a-z])options?(?![a-z])",
    "price": r"(?<!sale_)(?<!sale)(?<![a-z])prices?(?![a-z])",
    "sale price": r"(?<![a-z])sales?(?![a-z]|[_ ]channel)",
    "stock": r"(?<![a-z])stock(?![a-z])",
    "channels": r"(?<![a-z])channels?(?![a-z])",
    "texts": r"translat|(?<![a-z])locales?(?![a-z])",
    "categories": r"category|categories",
    "images": r"(?<![a-z])images?(?![a-z])",
}

TABLE, STORED = "core/fields.py", "core/stored.py"
PLACEMENT = "core/placement.py"  # where new products go
WANTED = "core/product.py"  # what the source wants has names and ids besides its fields
VOCABULARY = "medusa/vocabulary.py"  # the names of the store are read in one place
ITEMS = {"core/item_plans.py", "core/shared_stock.py"}  # an inventory item is a plan of its own
LISTS = {"sync/write/sales.py", "medusa/price_lists.py"}  # sale prices are in a list of their own
TEXTS = {"sync/write/texts.py", "medusa/texts.py"}  # texts have rows of their own
STEPS = {"core/steps.py", "sync/write/steps.py"}  # the list of steps, and their order
ASKED = {"medusa/decode.py", "medusa/resources.py"}  # what is asked for
EXCEPTIONS = {
    "SKU": {
        *ITEMS,
        *ASKED,
        "core/inventory.py",  # items have one, too
        "core/kits.py",  # an item that variants share has the id of their product as its SKU
        "core/unique.py",  # who gets an SKU is a rule of its own
        "sync/write/adoption.py",  # products of the merchant are known by it
        "sync/write/foreseen.py",  # dry runs take SKUs from items
        "sync/write/items.py",  # items are found and renamed by it
        "sync/write/new_items.py",  # the same
        "sync/write/unique_values.py",  # items are looked up for SKUs
    },
    "option": {
        WANTED,
        *STEPS,
        *ASKED,
        "core/product_options.py",  # which option is which
        "core/variants.py",  # option values say which variant is which
        "core/equal_variants.py",  # no two variants may have the same ones
        "core/record.py",  # their titles and ids are recorded apart
        "core/renames.py",  # the same, after they got other names
        "core/outcome.py",  # documents list those that were written
        "core/plan.py",  # an option changes with the product, its values with the variants
        "core/change.py",  # the same
        "medusa/payload.py",  # Medusa takes all options of a product or variant together
        "sync/write/variants.py",  # they are written before and after the variants
    },
    "price": {
        *LISTS,
        "core/policy.py",  # the setting of how far a price may move
        "core/selection.py",  # the same
    },
    "sale price": {
        *LISTS,
        "core/steps.py",  # the list of steps
        "sync/write/apart.py",  # they are read and written apart from products
    },
    "stock": {
        PLACEMENT,
        VOCABULARY,
        *ITEMS,
        "core/undone_drafts.py",  # an undo sells again what drafting has set to 0
        "sync/settings_guard.py",  # the setting that names a location, whose id records have
    },
    "channels": {
        PLACEMENT,
        VOCABULARY,
        "medusa/payload.py",  # a new product gets what Medusa would leave out
        "medusa/api.py",  # the default one of the store
    },
    "texts": {VOCABULARY, *TEXTS},
    "categories": {
        WANTED,
        "core/needed_terms.py",  # adopted products get categories, too
        "core/result.py",  # reports list the new ones
        "sync/run.py",  # the same
        "medusa/terms.py",  # they have parents, names and handles
    },
    "images": {
        "sync/context.py",  # what downloads them for copies
        "sync/run.py",  # the same
        "sync/write/copier.py",  # copies them
        "sync/remarks/copied.py",  # the result counts copies
    },
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
    files = [each for room in ROOMS for each in (PACKAGE / room).rglob("*.py") if each.parent.name != "kinds"]
    return {each.relative_to(PACKAGE).as_posix(): {*words(each)} for each in files}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_files_of_a_kind_name_it(kind: str, vocabulary: dict[str, set[str]]) -> None:
    """A new file that names it needs a reason here, or a method of the kind in its stead."""
    naming = {
        name for name, known in vocabulary.items() if any(re.search(KINDS[kind], each) for each in known)
    }
    assert naming - {TABLE, STORED} == EXCEPTIONS[kind]
