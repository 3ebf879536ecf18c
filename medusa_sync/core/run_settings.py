"""The settings that decide what the source wants: those of a run, and those that records have."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from medusa_sync.core.fields import KINDS, SETTINGS_OF_FIELDS, SETTINGS_OF_VALUES
from medusa_sync.core.kinds.stock import LOCATION, uses_default_location
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import CHANGES, Record
from medusa_sync.core.selection import Selection

MAP, ADJUST = "--source-map", "--adjust"
# Further members of the settings in a record:
MAP_CONTENT, ADJUST_CONTENT = "map", "adjust"  # digests
LOCATION_NAME = "location"  # the value of `--stock-location`; its own value there is an id

OF_SOURCE = {*SETTINGS_OF_VALUES, MAP, MAP_CONTENT, ADJUST, ADJUST_CONTENT} - {LOCATION}
"""Those that the source shows; the store shows the stock location."""

_PROGRAMS = {MAP: (MAP_CONTENT, "map"), ADJUST: (ADJUST_CONTENT, "program of --adjust")}
_OF_LOCATION = (LOCATION, LOCATION_NAME)
_COMPARED = (*SETTINGS_OF_FIELDS, *_PROGRAMS)
# A record without one of these was written without it; without a location, it does not say which:
_OFF = {name: "" for name in _COMPARED if name != LOCATION}
_COUNT = re.compile("[0-9]{1,9}")


class SettingsOfRecords:
    """Counts the settings that records have."""

    def __init__(self) -> None:
        self._counts = Counter[tuple[bool, tuple[tuple[str, str], ...]]]()

    def add(self, record: Record) -> None:
        """Count those of a record: what was sent may have arrived. A claim has none."""
        settings = record.sent_settings
        if not record.is_claim:
            items = (_of_older(record) if settings is None else settings).items()
            self._counts[settings is None, tuple(items)] += 1

    def __bool__(self) -> bool:
        return bool(self._counts)

    def as_a_whole(self, now: Mapping[str, str]) -> dict[str, str]:
        """The settings with which products were last written; those that no record shows are left out.

        Products that were away, failed or were not reached when the settings changed have earlier ones.
        Versions that did not count changes left several; then the most frequent ones decide, or those of
        `now` if none are more frequent.
        """
        found = defaultdict[str, defaultdict[int, Counter[str]]](lambda: defaultdict(Counter))
        for (is_older, items), count in self._counts.items():
            known = dict(items) if is_older else _completed(dict(items))
            for name, value in known.items():
                found[name][changes_of(known)][value] += count
        return {name: _usual(each[max(each)], now.get(name, "")) for name, each in found.items()}


def _usual(values: Counter[str], preferred: str) -> str:
    [(value, most)] = values.most_common(1)
    return preferred if values[preferred] == most else value


def _of_older(record: Record) -> dict[str, str]:
    """What the record of an older version says, which has no settings."""
    return {name: value for kind in KINDS for name, value in kind.settings_of_older(record).items()}


def _completed(settings: Mapping[str, str]) -> dict[str, str]:
    name = {LOCATION_NAME: ""} if LOCATION in settings else {}
    return {CHANGES: "0", **_OFF, **name, **settings}


def changes_of(settings: Mapping[str, str] | None) -> int:
    """How often settings had changed by then."""
    count = (settings or {}).get(CHANGES, "")
    return int(count) if _COUNT.fullmatch(count) else 0


def is_earlier(before: Mapping[str, str] | None, now: Mapping[str, str]) -> bool:
    """Whether settings have changed since."""
    return changes_of(before) < changes_of(now)


def changed(
    before: Mapping[str, str], now: Mapping[str, str], selection: Selection
) -> dict[str, tuple[str, str]]:
    """The settings that have other values now, each with the old and the new one.

    Those that decide only about fields that are not chosen are left out, and those that are not known. Of a
    program, it matters whether there is one: its name says nothing, and its content may change.
    """
    return {name: values for name, values in _differences(before, {**_OFF, **now}) if selection.decides(name)}


def _differences(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name in _COMPARED:
        if name in before and name in now:
            old, new = before[name], now[name]
            if bool(old) != bool(new) or (old != new and name not in _PROGRAMS):
                yield name, (old, new)


def changed_of(record: Record, desired: DesiredProduct, selection: Selection) -> dict[str, tuple[str, str]]:
    """The settings that a product was written with other values of, and that decide about its values."""
    before = _of_older(record) if record.settings is None else _completed(record.settings)
    found = changed(before, desired.settings, selection)
    return {name: each for name, each in found.items() if name in SETTINGS_OF_VALUES or name in _PROGRAMS}


def edited_programs(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The programs that both have, and whose content differs, as far as it is known."""
    contents = [(before.get(name), now.get(name), called) for name, called in _PROGRAMS.values()]
    return [called for old, new, called in contents if old and new and old != new]


def to_record(before: Mapping[str, str], now: Mapping[str, str], selection: Selection) -> dict[str, str]:
    """The settings that records get: `now`, those of the run, as far as it syncs what they decide about.

    The others, and the number of changes, are those of the source as a whole, `before`.
    """
    if not selection.decides(LOCATION):
        now = {name: value for name, value in now.items() if name not in _OF_LOCATION}
    kept = {
        name: value
        for name, value in before.items()
        if not selection.decides(LOCATION if name in _OF_LOCATION else name)
    }
    values = {**_OFF, **now, **kept}
    is_changed = any(values[name] != before[name] for name in values.keys() & before.keys() - {CHANGES})
    changes = changes_of(before) + is_changed
    values[CHANGES] = str(changes) if changes else ""
    return {name: value for name, value in values.items() if value}


def with_settings(desired: DesiredProduct, settings: Mapping[str, str]) -> Mapping[str, str]:
    """The settings that a product gets: the stock location only if it has stock that names no location."""
    if uses_default_location(desired):
        return settings
    return {name: value for name, value in settings.items() if name not in _OF_LOCATION}
