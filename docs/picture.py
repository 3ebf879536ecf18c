"""Draws the picture of the README: a dry run on a real store, as a terminal shows it (`make picture`)."""

from __future__ import annotations

import io
from pathlib import Path

from msgspec import structs
from rich.console import Console
from rich.text import Text

from medusa_sync import RunResult, Secret, Settings, sync_products
from medusa_sync.report.text import print_result
from tests.harness.catalogue import whole_sample
from tests.harness.dummyjson import ABSENT, dummyjson
from tests.harness.medusa import Store, running_store
from tests.harness.postgres import running_postgres

PICTURE = Path(__file__).with_name("run.svg")
WIDTH = 100  # columns


def main() -> None:
    with running_postgres() as postgres, running_store(postgres) as store:
        PICTURE.write_text(svg(dry_run(store)), encoding="utf-8")


def dry_run(store: Store) -> RunResult:
    """Sync all but two products of the sample, edit the source, and return the result of a dry run."""
    with dummyjson(whole_sample()) as source:
        settings = Settings(source=source.url, medusa_url=store.url, api_key=Secret(store.api_key), limit=61)
        if sync_products(settings).exit_code != 0:
            raise RuntimeError("the first sync failed")
        first, second, third = source.products[:3]
        source.edit(first["id"], price=round(first["price"] * 0.9, 2), stock=first["stock"] + 40)
        source.edit(second["id"], title=f"{second['title']} (new edition)")
        source.edit(third["id"], tags=[*third["tags"], "gift"], brand=ABSENT)
        jumper = source.products[60]
        heather, *others = jumper["variants"]
        source.edit(jumper["id"], variants=[heather | {"price": 79.5}, *others])
        return sync_products(
            Settings(source=source.url, medusa_url=store.url, api_key=Secret(store.api_key), dry_run=True)
        )


def svg(result: RunResult) -> str:
    """Render an SVG with fixed URLs, because the ports of the test servers change."""
    shown = structs.replace(
        result, source_url="https://dummyjson.com/products", store_url="https://store.example.com"
    )
    console = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, highlight=False)
    console.print(Text("$ medusa-sync products --dry-run"))
    print_result(shown, console)
    return console.export_svg(title="medusa-sync", unique_id="medusa-sync")


if __name__ == "__main__":
    main()
