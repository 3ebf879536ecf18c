"""The picture of the README is what a real run prints today."""

import re
from html import unescape

from docs.picture import PICTURE, dry_run, svg
from tests.harness.medusa import Store


def lines(picture: str) -> list[str]:
    """What the picture says, without how long the run took."""
    texts = [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", picture)]
    return [re.sub(r"\d+\.\d s", "... s", " ".join(text.split())) for text in texts]


def test_the_picture_is_up_to_date(store: Store) -> None:
    assert lines(svg(dry_run(store))) == lines(PICTURE.read_text(encoding="utf-8")), "run `make picture`"
