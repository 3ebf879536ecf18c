"""Notes about what is only set by default, while that can still be changed: before products are stored."""

from __future__ import annotations

from collections.abc import Iterator

from medusa_sync.codes import Note
from medusa_sync.core.outcome import Result
from medusa_sync.core.result import RunResult
from medusa_sync.settings.load import Loaded

_DEMO = "The source is DummyJSON, the default: {} demo products. SYNC_PRODUCTS_SOURCE (--source) sets yours."
_NAME = (
    "The source name is {}, the default. To choose another prefix of the ids in the store, set --source-name "
    "(SYNC_PRODUCTS_SOURCE_NAME) before the first sync: later, it must not change."
)


def of_defaults(loaded: Loaded, result: RunResult) -> Iterator[Note]:
    """Yield a note if products are new, and their source or its name is the default."""
    settings, counts = loaded.settings, result.counts
    if settings.undo is not None or settings.apply_plan is not None:
        return
    if not (counts.get(Result.CREATED) or result.not_compared):
        return
    if loaded.found["source"].kind == "default":
        yield Note("demo_products", _DEMO.format(result.source_total or result.seen))
        return
    is_demo = settings.source == "sample" or settings.source.startswith("https://dummyjson.com/")
    is_known = counts.get(Result.UNCHANGED) or counts.get(Result.UPDATED)
    if loaded.found["source_name"].kind == "default" and not is_demo and not is_known:
        yield Note("default_name", _NAME.format(settings.source_name))
