"""Texts in other locales."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec import structs

from medusa_sync.codes import Note
from medusa_sync.core.kinds.base import Apart, Meanings, plain
from medusa_sync.core.names import Names, StoreNames
from medusa_sync.core.steps import Step

if TYPE_CHECKING:
    from medusa_sync.core.change import Change
    from medusa_sync.core.product import DesiredProduct
    from medusa_sync.core.record import Record
    from medusa_sync.core.stored import StoredProduct, StoredVariant
    from medusa_sync.core.value import Value
    from medusa_sync.errors import MedusaSyncError

TRANSLATION = "translation."  # prefix of the fields, such as `translation.de-DE.title`
NO_TRANSLATIONS = "none; MEDUSA_FF_TRANSLATION=true switches translations on"
LOCALES = Names("locale", "Settings > Store", none=NO_TRANSLATIONS)
_SCRIPT = 4  # letters of its code in a locale
_STORED = tuple(f"translations.{name}" for name in ("id", "locale_code", "translations"))


class Text(Apart):
    """A text of a product or variant in a locale."""

    is_late = True
    decided_by = LOCALES
    own_steps = frozenset({Step.TEXTS})
    steps = frozenset({Step.TEXTS})

    def comes_apart(self, before: Value, after: Value) -> bool:
        return True

    def asks(self, product: DesiredProduct, records: Collection[Record]) -> Iterator[Names]:
        if locales_of(product) or any(each.has(self) for each in records):
            yield LOCALES

    def resolved(self, product: DesiredProduct, names: StoreNames) -> DesiredProduct:
        lacked = self.lacked(product, names)
        return _without_texts(product, lacked) if lacked else product

    def lacked(self, product: DesiredProduct, names: StoreNames) -> Collection[str]:
        return locales_of(product) - names.of(LOCALES).ids if names.has(LOCALES) else ()

    def remark(
        self, lacked: Collection[str], names: StoreNames, hidden: Mapping[str, MedusaSyncError]
    ) -> Note | None:
        if not lacked:
            return None
        texts = f"Texts in {', '.join(sorted(lacked))} are not synced, because the store does not"
        if error := hidden.get(LOCALES.noun):
            why = f"show its locales: {error}. {error.hint} Allow it"
        else:
            known = names.of(LOCALES)
            why = f"have these locales (it has {known.listed}). Add them in the admin ({known.place})"
        return Note("no_locale", f"{texts} {why}, or remove the texts at the source.")

    def named_by(self, name: str) -> Iterator[tuple[Names, str]]:
        yield LOCALES, name.split(".")[1]

    def paths(self, name: str) -> Iterable[str]:
        return _STORED

    def value_of_product(self, product: StoredProduct, name: str, known: Iterable[str]) -> Value:
        return _value(product, name)

    def value_of_variant(self, variant: StoredVariant, name: str, names: Meanings) -> Value:
        return _value(variant, name)

    def names_of(self, stored: StoredProduct | StoredVariant) -> Iterator[str]:
        for each in stored.translations or ():
            yield from (f"{TRANSLATION}{each.locale_code}.{key}" for key in each.translations)

    def steps_besides(self, change: Change) -> Iterator[Step]:
        """The store keeps the texts of variants that are deleted."""
        if any(each.translations for each in change.removed.values()):
            yield from self.steps


def locale_of(name: str) -> str:
    """The locale of a translated text; empty for any other field."""
    return name.removeprefix(TRANSLATION).rpartition(".")[0] if name.startswith(TRANSLATION) else ""


def locales_of(product: DesiredProduct) -> set[str]:
    """The locales that a product has texts in."""
    names = chain(product.fields, *(each.fields for each in product.variants))
    return {*filter(None, map(locale_of, names))}


def _without_texts(product: DesiredProduct, locales: Collection[str]) -> DesiredProduct:
    """Without texts in some locales; the digest would show all of the product."""

    def kept(fields: Mapping[str, Value]) -> Mapping[str, Value]:
        return {name: value for name, value in fields.items() if locale_of(name) not in locales}

    variants = tuple(structs.replace(each, fields=kept(each.fields)) for each in product.variants)
    return structs.replace(product, fields=kept(product.fields), variants=variants, digest="")


def canonical_locale(locale: str) -> str:
    """A locale as Medusa writes it: `de-DE`, `zh-Hans`, `ru-Cyrl-BY`."""
    language, *others = locale.replace("_", "-").split("-")
    parts = (each.title() if len(each) == _SCRIPT else each.upper() for each in others)
    return "-".join((language.lower(), *parts))


def _value(stored: StoredProduct | StoredVariant, name: str) -> Value:
    texts = (each.translations for each in stored.translations or () if each.locale_code == locale_of(name))
    return plain(next(texts, {}).get(name.rpartition(".")[2]))


def translation_bodies(
    change: Change, product_id: str, new: Mapping[str, StoredVariant]
) -> list[dict[str, Any]]:
    """The translations that change, of a product and its variants; those that exist have an id.

    A text that is None is removed.
    """
    own = {each.field: each.planned for each in change.own_changes}
    bodies = _bodies("product", product_id, own, change.stored)
    for each in change.variants:
        if (variant := each.stored or new.get(each.desired.key)) is not None:
            bodies += _bodies("product_variant", variant.id, each.new_values, variant)
    return bodies


def _bodies(
    reference: str, own_id: str, planned: Mapping[str, Value], stored: StoredProduct | StoredVariant
) -> list[dict[str, Any]]:
    texts: dict[str, dict[str, Value]] = {}
    for name, value in planned.items():
        if locale := locale_of(name):
            texts.setdefault(locale, {})[name.rpartition(".")[2]] = value
    ids = {each.locale_code: each.id for each in stored.translations or ()}
    return [
        {"id": ids[locale], "translations": own}
        if locale in ids
        else {"reference": reference, "reference_id": own_id, "locale_code": locale, "translations": own}
        for locale, own in texts.items()
    ]


TEXT = Text()
