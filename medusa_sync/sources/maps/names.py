"""The names of the fields that a map reads, as far as its program has them as words and texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from medusa_sync.sources.text import fold

_COMMENT = re.compile(r"^ *#.*$", re.MULTILINE)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_MEMBER = re.compile(r"\.([A-Za-z_]\w*)")
_SHORT = re.compile(r"(?<=[{,])\s*([A-Za-z_]\w*)(?=\s*[,}])")  # in `{sku, price}`
_START = re.compile(r'\b(?:startswith|cell|several)\("([^"]+)"\)')
_PART = re.compile(r"\\\([^()]*\)|\{[a-z]+\}")  # `IMAGE\($n)`, `Attribute {n} name`
_SHORTEST = 3  # letters of a name with a number in it; `\($name) (\($unit))` has none
_READS = re.compile(r"^# reads: (.+)$", re.MULTILINE)  # besides, such as `# reads: all`


class Names:
    """The names that a program reads. Upper and lower case, spaces and punctuation make no difference.

    Args:
        text: the program.
        first: names that count most.
        others: spellings of names, of which the first one is that of the program.
    """

    def __init__(self, text: str, first: Iterable[str] = (), others: Iterable[Sequence[str]] = ()) -> None:
        also = [name for line in _READS.findall(text) for name in line.split(", ")]
        self._has_all = "all" in also
        self._names: dict[str, str] = {}
        self._series: list[tuple[re.Pattern[str], str]] = []
        code = _COMMENT.sub("", text.replace("# group: ", ""))
        self._starts = tuple(each.casefold() for each in _START.findall(code))
        for name in (*first, *_words(code), *also):
            self._add(name, name)
        for spellings in others:
            for each in spellings:
                self._add(each, spellings[0])

    def _add(self, spelling: str, name: str) -> None:
        parts = [*map(fold, _PART.split(spelling))]
        if len(parts) == 1 and parts[0]:
            self._names.setdefault(parts[0], name)
        elif len("".join(parts)) >= _SHORTEST:
            self._series.append((re.compile("(.+)".join(parts)), _PART.sub("{}", name)))

    @lru_cache(maxsize=4_096)  # noqa: B019 - of the maps that come with the tool, which stay
    def known(self, name: str) -> str:
        """How the program writes a name; empty if it does not read it."""
        folded = fold(name)
        if folded in self._names:
            return self._names[folded]
        for pattern, series in self._series:
            if match := pattern.fullmatch(folded):
                return series.format(*match.groups())
        return name if self._has_all or name.casefold().startswith(self._starts) else ""


def _words(code: str) -> Iterator[str]:
    yield from _MEMBER.findall(code)
    yield from _TEXT.findall(code)
    yield from _SHORT.findall(_TEXT.sub("", code))
