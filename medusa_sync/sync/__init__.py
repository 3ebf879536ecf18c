"""One run: read the source, look up, plan, apply, prune."""

from medusa_sync.sync.options import SyncOptions
from medusa_sync.sync.planner import PlanOptions
from medusa_sync.sync.run import Observer, Run

__all__ = ["Observer", "PlanOptions", "Run", "SyncOptions"]
