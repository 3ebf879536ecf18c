"""What a run has done about images, and how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from msgspec import Struct, field

from medusa_sync.codes import Note
from medusa_sync.core.change import Change
from medusa_sync.core.ids import IdSet
from medusa_sync.core.kinds.copies import images_of


class Copied(Struct):
    """How many images were copied to the store.

    Attributes:
        follow: gets how many images are done, and of how many; None if nobody follows it.
        expected: the images that are asked for, as far as records show it.
        done: those of them that are copied, or cannot be, or are not needed.
        lacking: the expected ones that have no copy.
        settled: those of them that products need no more, as they are written.
        copied: to the store.
        unchanged: that have copies, and have not changed since.
        to_copy: what a run would copy that is no dry run.
        failed: the marks of those that could not be copied.
        retried: how many products have one that failed in an earlier run, and is tried again, by its mark.
        lost: uploads whose response was lost.
    """

    follow: Callable[[int, int], object] | None = None
    expected: IdSet = field(default_factory=IdSet)
    done: IdSet = field(default_factory=IdSet)
    lacking: IdSet = field(default_factory=IdSet)
    settled: IdSet = field(default_factory=IdSet)
    copied: int = 0
    unchanged: int = 0
    to_copy: IdSet = field(default_factory=IdSet)
    failed: set[str] = field(default_factory=set)
    retried: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    def expect(self, products: Iterable[Mapping[str, bool]]) -> None:
        """Take note of the images that products may need, with whether they have copies."""
        for url, has_copy in chain.from_iterable(each.items() for each in products):
            self.expected.add(url)
            if not has_copy:
                self.lacking.add(url)
        self._show()

    def finish(self, url: str) -> None:
        """Take note of an image that is copied, or cannot be."""
        if url in self.expected:
            self.done.add(url)
            self._show()

    def _show(self) -> None:
        if self.follow is not None and self.expected:
            self.follow(len(self.done), len(self.expected))

    def settle(self, change: Change) -> None:
        """Take note of a product that is written, and needs no copies but those that it lacks."""
        for url in images_of(change.desired) if self.lacking else ():
            if url in self.lacking and url not in change.copies.lacking:
                self.settled.add(url)
                self.finish(url)

    def planned(self, urls: Iterable[str]) -> None:
        """Count images that a run would copy, each once."""
        for url in urls:
            self.to_copy.add(url)

    def notes(self, uncopied: Counter[str], *, is_dry_run: bool, is_stopped: bool) -> Iterator[Note]:
        """What the result says about images.

        Args:
            uncopied: how many products have an image that could not be copied in earlier runs, by its mark.
            is_dry_run: nothing was to be copied.
            is_stopped: some products may not have been looked at.
        """
        failed = len({*(uncopied - self.retried), *self.failed})
        left = 0 if is_dry_run else len(self.lacking) - len(self.settled)
        at_least = "at least " if left and is_stopped else ""
        if planned := len(self.to_copy):
            yield Note("images_to_copy", f"Images to copy to the store: {planned:,}.")
        if self.copied or self.unchanged:
            copied = f"Images copied to the store: {self.copied:,}." if self.copied else ""
            same = f"Images that have not changed since: {self.unchanged:,}." if self.unchanged else ""
            yield Note("images_copied", f"{copied} {same}".strip())
        parts = {"failed, and tried again later": failed, "left for the next run": left}
        why = "; ".join(f"{words}: {count:,}" for words, count in parts.items() if count)
        if why:
            kept = f"{at_least}{failed + left:,}"
            yield Note("images_left", f"Images that keep their URL at the source: {kept} ({why}).")
        if self.lost:
            yield Note(
                "uploads_lost",
                f"Uploads without a usable response: {self.lost:,}. Each may have left a file in the store.",
            )
