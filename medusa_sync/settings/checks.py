"""Checks settings that depend on each other."""

from __future__ import annotations

from collections.abc import Iterator

from medusa_sync.settings.options import OPTIONS, Settings
from medusa_sync.settings.secrets import user_info


def contradictions(settings: Settings) -> Iterator[str]:
    """Yield the problems of settings that cannot be used together."""
    if settings.source_authorization is not None and user_info(settings.source) is not None:
        yield (
            f"{OPTIONS['source_authorization'].spelling}: {OPTIONS['source'].spelling} also has a user name "
            "or password; set only one of them"
        )
    limit, least = settings.limit, settings.min_products
    if limit is not None and least is not None and limit < least:
        yield (
            f"{OPTIONS['min_products'].spelling} {least}: {OPTIONS['limit'].spelling} {limit} reads fewer "
            "products; raise the limit or remove one of them"
        )
    if settings.only is not None and settings.only <= (settings.skip or frozenset()):
        only, skip = OPTIONS["only"].spelling, OPTIONS["skip"].spelling
        yield f"{skip}: it leaves out all fields of {only}; remove one of them"
    if settings.loop and settings.source == "-":
        yield (
            f"{OPTIONS['source'].spelling} '-': standard input can be read only once; name a file or a URL, "
            "or remove --loop"
        )
