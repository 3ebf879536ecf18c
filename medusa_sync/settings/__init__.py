"""What a run can be told, and where it is read from."""

from medusa_sync.settings.load import NO_CREDENTIALS, load
from medusa_sync.settings.options import ENV_FILE, OPTIONS, Option, Settings
from medusa_sync.settings.parsers import Secret

__all__ = ["ENV_FILE", "NO_CREDENTIALS", "OPTIONS", "Option", "Secret", "Settings", "load"]
