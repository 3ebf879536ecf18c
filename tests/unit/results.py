"""Results of runs to report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.models import Difference, Outcome, Requests, Result, RunResult, Status, StoreState

URL = "https://cdn.example/" + "images/" * 20 + "spoon.webp?size=large&format=webp#top"
PRICE = Difference("price", 9.99, 10.99)
SPOON = Outcome("dummyjson:1", "Olive Wood Spoon", Result.UPDATED, differences=(PRICE,))
MUG = Outcome("dummyjson:6", "Café Crème Mug", Result.CREATED)
LAMP = Outcome("dummyjson:18", "فانوس نحاسي صغير", Result.REJECTED, "price: it is -1, below 0")
STAMPS = Outcome("dummyjson:31", "Stamps: [bold] to [/italic]", Result.FAILED, f"no answer from {URL}")
ROW = Outcome(None, "", Result.REJECTED, "row 17 is no object")
TINY = st.text(st.characters() | st.sampled_from("\x1b\n\u202e\u200d\ud83d🐻[]/ "), max_size=20)


def run(*changes: Outcome, problems: Sequence[Outcome] = (), **rest: Any) -> RunResult:
    """A run with these changes and problems; 194 products, of which the others were unchanged."""
    counts = dict.fromkeys(Result, 0)
    for outcome in (*changes, *problems):
        counts[outcome.result] += 1
    counts[Result.UNCHANGED] = 194 - sum(counts.values())
    result = RunResult(
        job="sync-products",
        dry_run=False,
        status=Status.PARTIAL if problems else Status.OK,
        exit_code=5 if problems else 0,
        started_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        duration_s=9.51234,
        source_url="https://dummyjson.com/products",
        source_total=194,
        seen=194,
        store=StoreState("http://localhost:9000", 200, 194),
        counts=counts,
        not_compared=0,
        requests=Requests(source=7, store_reads=12, store_writes=26, retries=1),
        problems=tuple(problems),
        changes=changes,
        notes=(),
        error="",
        hint="",
    )
    return structs.replace(result, **rest)
