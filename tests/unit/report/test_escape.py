"""Escaping of hidden and control characters."""

import unicodedata

import pytest

from medusa_sync.report.escape import visible

# Format characters that are drawn nevertheless, such as Arabic number signs.
DRAWN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}


def test_of_all_characters_only_hidden_ones_are_escaped() -> None:
    """Variation selectors depend on what they follow."""
    without_a_shape = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
    selectors = {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if category in {"Cc", "Cf", "Cs", "Zl", "Zp"} and code not in DRAWN:
            shown = visible(f"a{chr(code)}b")
            assert chr(code) not in shown, hex(code)
            assert (len(shown.splitlines()), visible(shown)) == (1, shown)
        elif category[0] in "LMNPS" and code not in without_a_shape | selectors:
            assert visible(chr(code)) == chr(code), hex(code)


ORDINARY = [
    "Café Crème — 5 µl, “quoted” & 100 %",
    "手作り湯呑み「青い波」\u3000大",
    "فانوس نحاسي صغير",
    "نیم\u200cفصل",  # Persian spelling needs the non-joiner
    "ശ്രീ ന്\u200d",  # Malayalam may end a word with a joiner
    "ᠮᠣᠩᠭᠣᠯ\u180b",
    "葛\U000e0100",  # an ideograph with a variation selector
    "👨\u200d👩\u200d👧 🐻\u200d❄\ufe0f 🏳\ufe0f\u200d🌈 🧑🏽\u200d🚀 ❤\ufe0f 1\ufe0f\u20e3",
    "[bold]no markup[/bold] :smile: C:\\new",
]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *((text, text) for text in ORDINARY),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("two\nlines\tand\r\x9b2J", r"two\nlines\tand\r\x9b2J"),
        ("evil\u202etxt.exe", r"evil\u202etxt.exe"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("a\u200db\u200cc", r"a\u200db\u200cc"),
        ("🐻\u200d", r"🐻\u200d"),
        ("a\u200d🐻", r"a\u200d🐻"),
        ("م\u200c\u200c", "م\u200c" + r"\u200c"),
        ("a\ufe01\ufe02", "a\ufe01" + r"\ufe02"),
        ("\ufe0f", r"\ufe0f"),
        ("a\U000e0100", r"a\U000e0100"),
        ("lone \ud83d", r"lone \ud83d"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("filler\u3164", r"filler\u3164"),
    ],
)
def test_only_hidden_characters_are_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown
