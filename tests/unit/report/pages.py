"""Reads a page of HTML."""

import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """A parsed page: tags with the names of their attributes, and the text between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[str]]] = []
        self.attributes: list[tuple[str, str]] = []
        self._words: list[str] = []
        self._within = ""
        self.feed(text)
        self.close()
        self.text = re.sub(r"\s+", " ", " ".join(self._words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))
        self.attributes += [(name, value or "") for name, value in attrs]
        self._within = tag

    def handle_data(self, data: str) -> None:
        if self._within not in {"script", "style"}:
            self._words.append(data)
