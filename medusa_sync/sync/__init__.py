"""One run: fetch -> map -> look up -> plan -> apply -> result."""

from medusa_sync.sync.planner import PlanOptions
from medusa_sync.sync.run import Observer, Run, SyncOptions

__all__ = ["Observer", "PlanOptions", "Run", "SyncOptions"]
