"""`make matrix`: a short suite on several versions of Medusa; `make docs` shows the results.

Each version takes about three minutes, and the first time what npm needs to download it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "compatibility.json"
VERSIONS = (
    *("2.11.3", "2.12.6", "2.13.6", "2.15.5", "2.16.0"),
    *("2.17.2", "2.18.0", "2.19.0", "2.20.1", "2.21.2"),
)
SUITE: Mapping[str, tuple[str, ...]] = {
    "a first sync and a run without changes": (
        "test_products.py::test_products_are_stored_once_as_mapped_and_a_second_run_writes_nothing",
    ),
    "a dry run and what it announced": (
        "test_products.py::test_a_dry_run_only_reads_and_the_real_run_does_what_it_printed",
    ),
    "the merchant's edits and conflicts, field by field": (
        "test_merchant.py::test_every_field_is_merged_by_the_rule_for_its_situation",
    ),
    "variants": (
        "test_variants.py::test_shirts_are_created_with_all_variants_and_can_be_bought",
        "test_variants.py::test_one_run_follows_all_kinds_of_changes_and_keeps_every_variant",
    ),
    "changes of options": (
        "test_variants.py::test_one_run_follows_all_kinds_of_changes_and_keeps_every_variant",
        "test_variants.py::test_dropped_variants_stay_then_lose_their_stock_then_are_deleted",
    ),
    "stock at several locations": (
        "test_merchant.py::test_every_field_is_merged_by_the_rule_for_its_situation",
    ),
    "prices in several currencies": (
        "test_variants.py::test_prices_in_two_currencies_follow_the_source_and_those_of_the_merchant_stay",
    ),
    "prices of regions and for quantities": (
        "test_variants.py::test_customers_pay_the_price_of_their_region_and_quantity",
    ),
    "sales channels": ("test_texts_and_channels.py::test_customers_see_the_products_of_their_channel",),
    "texts in other locales": ("test_texts_and_channels.py::test_customers_see_texts_in_their_locale",),
    "sale prices": (
        "test_variants.py::test_a_sale_begins_changes_and_ends_and_the_option_can_be_turned_off",
    ),
    "copies of images": (
        "test_copied_images.py::test_pictures_of_a_shopify_export_load_after_the_old_server_is_gone",
        "test_copied_images.py::test_a_provider_that_fails_costs_no_product_and_later_takes_images_of_every_size",
    ),
    "removal": ("test_products.py::test_only_what_the_source_no_longer_has_is_removed",),
    "adoption": ("test_adoption.py::test_one_run_repairs_the_store_of_the_old_job",),
    "two runs at once, on two machines": (
        "test_kill.py::test_two_runs_without_a_common_lock_create_no_duplicates",
    ),
}
"""What is checked, and the tests in `tests/e2e` that do it."""


def main() -> None:
    results, has_failed = read(), False
    for version in sys.argv[1:] or VERSIONS:
        failed = run(version)
        has_failed = has_failed or bool(failed)
        date = f"{datetime.now(UTC):%Y-%m-%d}"
        results[version] = {"date": date, "failed": failed, "checked": list(SUITE)}
        text = json.dumps(dict(sorted(results.items(), key=lambda each: _key(each[0]))), indent=2)
        RESULTS.write_text(f"{text}\n", encoding="utf-8")
        print(f"{version}: {', '.join(failed) or 'all'} {'failed' if failed else 'passed'}", flush=True)
    sys.exit(has_failed)


def read() -> dict[str, Any]:
    """The results so far by version: a date, what failed, and what was checked."""
    loaded: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return loaded


def run(version: str) -> list[str]:
    """What failed with this version of Medusa."""
    tests = dict.fromkeys(f"tests/e2e/{test}" for tests in SUITE.values() for test in tests)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["--deep", "--quiet", "--no-cov", "-n0", "--tb=short", f"--junitxml={report}"]
        subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=ROOT,
            env={**os.environ, "MEDUSA_VERSION": version},
            check=False,
        )
        passed = _passed(report)
    return [name for name, tests in SUITE.items() if not all(test in passed for test in tests)]


def _passed(report: Path) -> set[str]:
    """The tests of which every case passed; one is skipped if this version lacks what it tests."""
    cases: dict[str, bool] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest has written it
        module = case.get("classname", "").rpartition(".")[2]
        name = f"{module}.py::{case.get('name', '').partition('[')[0]}"
        is_passed = all(case.find(bad) is None for bad in ("failure", "error", "skipped"))
        cases[name] = cases.get(name, True) and is_passed
    return {name for name, is_passed in cases.items() if is_passed}


def _key(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    main()
