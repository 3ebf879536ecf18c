"""What a run has done about images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from medusa_sync.codes import Note
from medusa_sync.core.ids import IdSet


class Copied(Struct):
    """How many images were copied to the store.

    Attributes:
        copied: to the store.
        to_copy: what a run would copy that is no dry run.
        failed: that could not be copied.
        retried: that could not be copied in an earlier run.
        left: for a later run.
        lost: uploads whose response was lost.
    """

    copied: int = 0
    to_copy: IdSet = field(default_factory=IdSet)
    failed: int = 0
    retried: int = 0
    left: int = 0
    lost: int = 0

    def planned(self, urls: Iterable[str]) -> None:
        """Count images that a run would copy, each once."""
        for url in urls:
            self.to_copy.add(url)

    def notes(self, uncopied: int) -> Iterator[Note]:
        """What the result says about images; `uncopied` could not be copied in earlier runs."""
        failed = max(uncopied - self.retried, 0) + self.failed
        if planned := len(self.to_copy):
            yield Note("images_to_copy", f"Images to copy to the store: {planned:,}.")
        if self.copied:
            yield Note("images_copied", f"Images copied to the store: {self.copied:,}.")
        if failed or self.left:
            yield Note(
                "images_left",
                f"Images that keep their URL at the source: {failed + self.left:,} "
                f"(failed, and tried again later: {failed:,}; left for the next run: {self.left:,}).",
            )
        if self.lost:
            yield Note(
                "uploads_lost",
                f"Uploads without a usable response: {self.lost:,}. Each may have left a file in the store.",
            )
