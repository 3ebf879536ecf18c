"""Keeps the products of an external catalogue (DummyJSON) in step with a Medusa v2 store.

    from medusa_sync import Secret, Settings, sync_products

    result = sync_products(Settings(medusa_url="https://store.example.com", api_key=Secret("sk_...")))

`load_settings` reads them from the environment and `.env` as the command does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medusa_sync.errors import MedusaSyncError
    from medusa_sync.job import sync_products
    from medusa_sync.models import OnConflict, OnMissing, Result, RunResult, Share
    from medusa_sync.settings import Secret, Settings
    from medusa_sync.settings import load as load_settings

__all__ = [
    "MedusaSyncError",
    "OnConflict",
    "OnMissing",
    "Result",
    "RunResult",
    "Secret",
    "Settings",
    "Share",
    "load_settings",
    "sync_products",
]
__version__ = "0.1.0"

_HOMES = {
    "MedusaSyncError": ("errors", "MedusaSyncError"),
    "OnConflict": ("models", "OnConflict"),
    "OnMissing": ("models", "OnMissing"),
    "Result": ("models", "Result"),
    "RunResult": ("models", "RunResult"),
    "Secret": ("settings", "Secret"),
    "Settings": ("settings", "Settings"),
    "Share": ("models", "Share"),
    "load_settings": ("settings", "load"),
    "sync_products": ("job", "sync_products"),
}


def __getattr__(name: str) -> object:
    """Loaded when asked for: the command says its version without an HTTP client."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, own_name = _HOMES[name]
    return getattr(import_module(f"{__name__}.{module}"), own_name)
