"""Keeps the products of an external catalogue (DummyJSON) in step with a Medusa v2 store.

    from medusa_sync import Secret, Settings, sync_products

    result = sync_products(Settings(medusa_url="https://store.example.com", api_key=Secret("sk_...")))

`load_settings` reads them from the environment and `.env` as the command does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from medusa_sync._version import __version__

if TYPE_CHECKING:
    from medusa_sync.app.session import sync_products
    from medusa_sync.core.policy import OnConflict, OnMissing, Share
    from medusa_sync.core.result import Result, RunResult
    from medusa_sync.errors import MedusaSyncError
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
    "__version__",
    "load_settings",
    "sync_products",
]

_HOMES = {
    "MedusaSyncError": ("errors", "MedusaSyncError"),
    "OnConflict": ("core.policy", "OnConflict"),
    "OnMissing": ("core.policy", "OnMissing"),
    "Result": ("core.result", "Result"),
    "RunResult": ("core.result", "RunResult"),
    "Secret": ("settings", "Secret"),
    "Settings": ("settings", "Settings"),
    "Share": ("core.policy", "Share"),
    "load_settings": ("settings", "load"),
    "sync_products": ("app.session", "sync_products"),
}


def __getattr__(name: str) -> object:
    """Loaded when asked for: the command says its version without an HTTP client."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, own_name = _HOMES[name]
    return getattr(import_module(f"{__name__}.{module}"), own_name)
