"""No text of a source or a store can change what a report looks like, and none is lost."""

import csv
import io
import json
import logging
import re
import unicodedata
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs
from rich.cells import cell_len

from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.result import RunResult
from medusa_sync.notify.github import step_summary, workflow_commands
from medusa_sync.report import log
from medusa_sync.report.csv import as_csv
from medusa_sync.report.escape import visible
from medusa_sync.report.html import as_html
from medusa_sync.report.json import as_json
from medusa_sync.report.markdown import as_markdown
from medusa_sync.report.output import Pipe, print_error
from medusa_sync.report.text import as_text
from tests.unit.report.pages import Page
from tests.unit.results import SPOON, STAMPS, TINY, hostile, on_terminal, run, squeezed

MARKUP = st.lists(
    st.sampled_from(
        [
            "|",
            "`",
            "<!--",
            "<img src=x>",
            "[a](b)",
            "@me",
            "#1",
            "::error::",
            "%0A",
            "\r\n",
            "\\",
            "##",
            "[x]",
        ]
    )
    | TINY,
    max_size=4,
).map("".join)
FORMULAS = tuple("=+-@\t\r＝＋－＠")  # noqa: RUF001 - wide on purpose


def assert_only_newlines(shown: str) -> None:
    assert {unicodedata.category(each) for each in shown} & {"Cc", "Cs", "Zl", "Zp"} <= {"Cc"}
    assert len(shown.splitlines()) == shown.count("\n")


@given(text=MARKUP, verbose=st.booleans())
def test_a_text_cannot_break_or_start_a_line(text: str, *, verbose: bool) -> None:
    harmless, shown = (as_text(hostile(each), verbose=verbose) for each in ("x", text))
    assert_only_newlines(shown)
    assert [line.split(": ")[0] for line in shown.splitlines()] == [
        line.split(": ")[0] for line in harmless.splitlines()
    ]
    assert visible(text) in shown


@given(text=TINY, width=st.integers(40, 100))
def test_a_terminal_shows_a_text_completely_and_within_the_width(text: str, width: int) -> None:
    shown = on_terminal(hostile(text), width, verbose=True)
    assert_only_newlines(shown)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert squeezed(visible(text)) in squeezed(shown)


@given(text=st.one_of(TINY, st.builds(str.__add__, st.sampled_from(FORMULAS), TINY)))
def test_csv_keeps_a_text_and_contains_no_formula(text: str) -> None:
    change = FieldChange("brand", text, f"{text}!", variant=text)
    spoon = structs.replace(SPOON, title=text, changes=(change,))
    result = run(spoon, problems=[structs.replace(STAMPS, reason=text)])
    columns, problem, changed = csv.reader(io.StringIO(as_csv(result), newline=""), strict=True)
    shown = visible(text)
    kept = f"'{shown}" if shown.startswith(FORMULAS) else shown
    assert len(columns) == len(problem) == len(changed) == 10
    assert problem[-3] == changed[1] == changed[5] == changed[-2] == kept
    assert not any(cell.startswith(FORMULAS) for cell in (*columns, *problem, *changed))


@example(text="lone surrogate: \ud83d", pretty=False, ascii_only=True)
@example(text="\x7f \u202e 🐻\u200d❄\ufe0f \U000e0041", pretty=True, ascii_only=False)
@given(text=TINY, pretty=st.booleans(), ascii_only=st.booleans())
def test_json_keeps_a_text_and_escapes_hidden_characters(
    text: str, *, pretty: bool, ascii_only: bool
) -> None:
    document = as_json(hostile(text), pretty=pretty, ascii_only=ascii_only)
    whole = re.sub("[\ud800-\udfff]", "\ufffd", f"x{text}")
    read = json.loads(document.encode())
    assert read["problems"][1]["title"] == read["skipped"][0]["reason"] == whole
    assert read["changes"][0]["variants"][-1]["variant"] == f"{whole}0"
    assert visible(document.replace("\n", "")) == document.replace("\n", "")
    assert ("\n" in document) is pretty
    assert document.isascii() or not ascii_only


HARMLESS = {variants: Page(as_html(hostile("x", variants=variants))) for variants in (1, 9)}


@example(text="<script>alert(1)</script>", variants=1)
@example(text="</script></style><img src=x onerror=alert(1)>", variants=9)
@example(text="\" onmouseover='alert(1)' x=\"", variants=1)
@example(text="{{ 7 * 7 }}{% raw %}<!--", variants=9)
@example(text="&lt;b&gt;&#60;i&#62;", variants=1)
@given(text=TINY, variants=st.sampled_from([*HARMLESS]))
def test_a_text_adds_no_tags_to_a_page(text: str, variants: int) -> None:
    text = text.replace("\n", "\\")  # a line break would add a <br> to a full value
    page = as_html(hostile(text, variants=variants))
    parsed = Page(page)
    assert parsed.tags == HARMLESS[variants].tags
    assert len(re.findall("<script", page, re.IGNORECASE)) == 1
    assert visible(page.replace("\n", "")) == page.replace("\n", "")
    assert re.sub(r"\s+", " ", visible(f"x{text}")).strip() in parsed.text


@pytest.mark.parametrize("render", [step_summary, as_markdown])
@example(text="|")
@example(text="##[add-mask]e")
@example(text="`|` \\| <a href=//evil.example>[x](http://evil.example)</a> @octocat #1 :smile:")
@given(text=MARKUP)
def test_a_text_is_no_markdown_and_cannot_break_a_table(
    render: Callable[[RunResult], str], text: str
) -> None:
    summary, harmless = render(hostile(text)), render(hostile("x"))
    assert_only_newlines(summary)
    assert [line.count("|") for line in summary.splitlines()] == [
        line.count("|") for line in harmless.splitlines()
    ]
    for written in re.findall("<code>(.*?)</code>", summary):
        assert not set(re.sub(r"&#\d+;", "", written)) & set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
    escaped = "^<!-- medusa-sync (-?[a-z0-9._ ])+-->|<code>.*?</code>"  # a comment has no two dashes
    assert re.sub(escaped, "", summary) == re.sub(escaped, "", harmless)


@example(text="##[add-mask]e")
@example(text="###[add-mask]e")
@example(text="##vso[task.setvariable variable=PATH]x")
@example(text="\n ::add-mask::e")
@given(text=MARKUP)
def test_no_line_of_the_log_commands_the_runner_of_a_ci_job(text: str) -> None:
    result = hostile(text)
    shown = [as_text(result, verbose=True)]
    shown += [as_json(result, pretty=pretty, ascii_only=not pretty) for pretty in (True, False)]
    for in_json in (True, False):
        error = io.StringIO()
        log.log_to(Pipe(error), job="nightly", level=logging.DEBUG, as_json=in_json, redact=str)
        log.log_result(structs.replace(result, error=text, hint=text), as_json=in_json, is_printed=False)
        print_error(text, text, Pipe(error))
        shown.append(error.getvalue())
    lines = "\n".join(shown).split("\n")
    assert not [line for line in lines if line.lstrip().startswith("::")]
    assert not re.findall(r"##\w*\[", "\n".join([*lines, *workflow_commands(result)]))


@given(text=MARKUP)
def test_an_annotation_is_one_line_with_one_title(text: str) -> None:
    lines = list(workflow_commands(hostile(text)))
    levels = [line.removeprefix("::").partition(" ")[0] for line in lines]
    assert levels == ["error", "error", *["warning"] * 3, "notice"]
    assert all(len(line.splitlines()) == 1 for line in lines)
    assert all(set(re.findall("%(..)?", line)) <= {"25", "0A", "3A", "2C"} for line in lines)
    assert properties(lines) == [["title"]] * len(lines)


def properties(lines: Sequence[str]) -> list[list[str]]:
    """The names of the properties, as the runner parses a command."""
    commands = [line[2 : line.index("::", 2)].partition(" ")[2] for line in lines]
    return [[part.partition("=")[0] for part in command.split(",")] for command in commands]


# Format characters that are drawn nevertheless, such as Arabic number signs.
DRAWN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}


def test_of_all_characters_only_hidden_ones_are_escaped() -> None:
    """Variation selectors depend on what they follow."""
    without_a_shape = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
    selectors = {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
    others, ordinary = without_a_shape | selectors, []
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if category in {"Cc", "Cf", "Cs", "Zl", "Zp"} and code not in DRAWN:
            shown = visible(f"a{chr(code)}b")
            assert chr(code) not in shown, hex(code)
            assert (len(shown.splitlines()), visible(shown)) == (1, shown)
        elif category[0] in "LMNPS" and code not in others:
            ordinary.append(chr(code))
    text = "".join(ordinary)
    assert len(visible(text)) == len(text)


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
        ("a ##[group]b", r"a #\x23[group]b"),
        ("# 1 [a] ## b", "# 1 [a] ## b"),
    ],
)
def test_only_hidden_characters_are_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown
