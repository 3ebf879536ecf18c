"""Syncs the products of an external catalogue to a Medusa v2 store.

    from medusa_sync import Secret, Settings, sync_products

    result = sync_products(Settings(medusa_url="https://store.example.com", api_key=Secret("sk_...")))

`load_settings` reads the settings from the environment and `.env`, as the command does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from medusa_sync._version import __version__

if TYPE_CHECKING:
    from medusa_sync.app.session import sync_products
    from medusa_sync.core.ids import Shard
    from medusa_sync.core.outcome import Action, Outcome, Result
    from medusa_sync.core.policy import ConflictPolicy, OnConflict, OnDeleted, OnMissing, PriceLimit, Share
    from medusa_sync.core.result import RunResult, Status
    from medusa_sync.errors import InterruptedRunError, MedusaSyncError, SettingsError, SourceError
    from medusa_sync.settings.load import load_settings
    from medusa_sync.settings.options import Settings
    from medusa_sync.settings.secrets import Secret
    from medusa_sync.sources.base import Item, ItemSource, PageOfItems

__all__ = [
    "Action",
    "ConflictPolicy",
    "InterruptedRunError",
    "Item",
    "ItemSource",
    "MedusaSyncError",
    "OnConflict",
    "OnDeleted",
    "OnMissing",
    "Outcome",
    "PageOfItems",
    "PriceLimit",
    "Result",
    "RunResult",
    "Secret",
    "Settings",
    "SettingsError",
    "Shard",
    "Share",
    "SourceError",
    "Status",
    "__version__",
    "load_settings",
    "sync_products",
]

_MODULES = {
    "Action": "core.outcome",
    "ConflictPolicy": "core.policy",
    "InterruptedRunError": "errors",
    "Item": "sources.base",
    "ItemSource": "sources.base",
    "MedusaSyncError": "errors",
    "OnConflict": "core.policy",
    "OnDeleted": "core.policy",
    "OnMissing": "core.policy",
    "Outcome": "core.outcome",
    "PageOfItems": "sources.base",
    "PriceLimit": "core.policy",
    "Result": "core.outcome",
    "RunResult": "core.result",
    "Secret": "settings.secrets",
    "Settings": "settings.options",
    "SettingsError": "errors",
    "Shard": "core.ids",
    "Share": "core.policy",
    "SourceError": "errors",
    "Status": "core.result",
    "load_settings": "settings.load",
    "sync_products": "app.session",
}


def __getattr__(name: str) -> object:
    """Import a name on first use, so that `medusa-sync --version` does not import an HTTP client."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
