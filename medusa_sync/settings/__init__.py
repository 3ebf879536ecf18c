"""What a run can be told, and where it is read from."""

from medusa_sync.settings.load import load
from medusa_sync.settings.options import ENV_FILE, OPTIONS, Option, Settings

__all__ = ["ENV_FILE", "OPTIONS", "Option", "Settings", "load"]
