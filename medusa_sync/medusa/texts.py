"""The texts of a store in other locales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, json

from medusa_sync.core.entities import Entity
from medusa_sync.medusa.client import MAX_BODY_BYTES, MedusaClient
from medusa_sync.medusa.lists import List, chunks, fitting, read, walk
from medusa_sync.medusa.operations import Operation

_TRANSLATIONS = List("/admin/translations", "translations", Entity, "id")
_BYTES = MAX_BODY_BYTES * 3 // 4

UPDATE_TEXTS = Operation("update-translations", "translations", "")


class _Flags(Struct):
    feature_flags: dict[str, Any]


class _Locale(Struct):
    locale_code: str


class _Locales(Struct):
    supported_locales: list[_Locale]


_LOCALES = List("/admin/stores", "stores", _Locales, "supported_locales.locale_code")


class TextApi:
    """Reads raise what `MedusaClient.get` raises, writes what `post` raises.

    Attributes:
        are_known: the store has texts in several locales; they are read with the details of products.
    """

    def __init__(self, client: MedusaClient) -> None:
        self.are_known = False
        self._client = client

    async def locales(self) -> list[str]:
        """The locales of the store; none if it has no translations."""
        flags = await self._client.get("/admin/feature-flags", (), _Flags)
        self.are_known = flags.feature_flags.get("translation") is True
        if not self.are_known:
            return []
        stores = (await read(self._client, _LOCALES, [("limit", 1)])).entries
        return [each.locale_code for store in stores for each in store.supported_locales]

    async def write(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Change texts that have an id, and create the others; a text that is None becomes empty."""
        texts = [
            {**each, "translations": {name: text or "" for name, text in each["translations"].items()}}
            for each in bodies
        ]
        for part in fitting(texts, lambda body: len(json.encode(body)) + 1, most=_BYTES):
            new = [body for body in part if "id" not in body]
            body = {"create": new, "update": [body for body in part if "id" in body]}
            await self._client.post(f"{_TRANSLATIONS.path}/batch", body, dict[str, Any])

    async def delete(self, ids: Sequence[str]) -> None:
        """Delete all texts of products or variants in a locale."""
        await self._client.post(f"{_TRANSLATIONS.path}/batch", {"delete": ids}, dict[str, Any])

    async def forget(self, reference_ids: Sequence[str]) -> None:
        """Delete the texts of deleted products and variants, which Medusa keeps."""
        for part in chunks("reference_id", reference_ids):
            ids = [each.id async for each in walk(self._client, _TRANSLATIONS, part)]
            if ids:
                await self.delete(ids)
