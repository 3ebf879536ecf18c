"""The pages agree with the code, and their links work."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import medusa_sync
from docs import formats
from docs.build import DOCS, README, files, filled, pages
from docs.catalogue import schema
from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS
from medusa_sync.core.kinds.metadata import METADATA
from medusa_sync.errors import EXIT_CODES

ROOT = README.parent
SITE = sorted(DOCS.glob("*.md"))
TOP = [*ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md", ROOT / "tests" / "faults.md"]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
PLACEHOLDERS = re.compile(r"\b[NM2]\b|'usd'|\.\.\.|[a-zA-Z_]+: ")
OF_OTHERS: set[str] = set()


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


# --- what is generated ------------------------------------------------------------------------------------


def test_generated_parts_are_up_to_date() -> None:
    for page, blocks in pages().items():
        text = page.read_text(encoding="utf-8")
        assert filled(text, blocks) == text, "run `make docs`"
    for file, text in files().items():
        assert file.read_text(encoding="utf-8") == text, "run `make docs`"


def test_the_table_of_formats_has_each_format() -> None:
    rows = formats.rows()
    programs = {each.stem for each in (ROOT / "medusa_sync" / "sources" / "maps").glob("*.jq")}
    dialects = pages()[DOCS / "formats.md"].keys() - {"formats"}
    named = " ".join(row[0] for row in rows)
    wanted = {
        *(f"(`{name}`)" for name in programs - {"functions"}),
        *(f"[{name} CSV](#" for name in dialects),
    }
    assert {each for each in wanted if each not in named} == set()


# --- links ------------------------------------------------------------------------------------------------


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files and the anchors that a page links to."""
    for name, anchor in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        yield (page.parent / name if name else page), anchor


def anchors(page: Path) -> set[str]:
    """The anchors of the headings, as GitHub and `mkdocs.yml` make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*TOP, *SITE], ids=lambda page: page.stem)
def test_links_lead_to_files_and_headings_and_from_the_site_to_the_site(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target}#{anchor}"
        assert page not in SITE or target.resolve().is_relative_to(DOCS), target
        assert page not in SITE or target.suffix != ".py" or target.parent != DOCS, target


# --- the site ---------------------------------------------------------------------------------------------


def test_the_navigation_has_every_page_once() -> None:
    navigation = re.split(r"^(?=\w)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    [section] = [part for part in navigation if part.startswith("nav:")]
    assert sorted(re.findall(r"[\w-]+\.md", section)) == [page.name for page in SITE]


# --- what pages say ---------------------------------------------------------------------------------------


def test_the_readme_is_short_and_leads_to_the_pages() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert re.findall(r"^(\d)\. \*\*", text.partition("## Promises")[2], re.MULTILINE) == list("12345678")
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)", text))
    assert {"tutorial.md", "options.md", "exit-codes.md", "how-it-works.md", "going-live.md"} <= linked


def test_the_table_of_messages_quotes_those_of_the_package() -> None:
    sources = sorted((ROOT / "medusa_sync").rglob("*.py"))
    code = re.sub(r'"\s+f?"', "", "".join(path.read_text(encoding="utf-8") for path in sources))
    cells = re.findall(
        r"^\| (.*?) (?<!\\)\|", text_of("exit-codes.md").partition("## Messages")[2], re.MULTILINE
    )
    quoted = [text for cell in cells for text in re.findall(r"`([^`]+)`", cell)]
    assert len(quoted) > 20
    words = {word.strip() for text in quoted for word in PLACEHOLDERS.split(text)}
    assert {word for word in words if word not in code} == OF_OTHERS


def test_each_exit_code_has_a_section_on_what_to_do() -> None:
    text = text_of("exit-codes.md").partition("## Messages")[0]
    headings = " ".join(re.findall(r"^## ([\d and,]+):", text, re.MULTILINE))
    assert set(map(int, re.findall(r"\d+", headings))) == {*EXIT_CODES, 143}
    sections = re.split(r"^##+ ", text, flags=re.MULTILINE)[1:]
    for section in sections:
        if not section.startswith("6: "):  # its guards have their own
            assert section.count("**The store:**") == section.count("**Now:**") == 1, section[:40]


def test_every_fault_names_the_tests_that_show_its_effect() -> None:
    """In a comment, which readers of the site do not see."""
    faults = False
    for line in (ROOT / "tests" / "faults.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("|---"):
            continue
        if line in {"| fault | effect |", "| situation | effect |"}:
            faults = True
        elif not line.startswith("|"):
            faults = False
        elif faults:
            [tests] = re.findall(r"<!-- (tests/.+) --> \|$", line)
            assert [name for name in tests.split(", ") if not (ROOT / name.split()[0]).exists()] == []


def test_contributing_names_only_files_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text)) - {"build/", "build/site/"}
    assert len(paths) > 20
    roots = (ROOT, ROOT / "medusa_sync", ROOT / ".venv")
    assert {path for path in paths if not any((root / path).exists() for root in roots)} == set()


@pytest.mark.parametrize("page", [README, *SITE], ids=lambda page: page.name)
def test_what_is_copied_from_a_page_is_one_command_and_can_be_seen(page: Path) -> None:
    """Without a prompt or output. A block of the site shows 88 characters at 1280 pixels."""
    text = page.read_text(encoding="utf-8")
    assert "```console" not in text
    blocks = re.findall(r"^ *```(?:sh|bash)( title=[^\n]*)?\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    for title, block in blocks:
        lines = block.splitlines()
        assert title or max(map(len, lines)) <= 88, page.name
        assert not [line for line in lines if line.startswith("$ ")]
        runs = [line for line in lines if "medusa-sync products" in line]
        assert len(runs) <= 1 or all("--shard" in line for line in runs), runs


def test_the_columns_of_woocommerce_are_those_that_its_map_reads() -> None:
    program = (ROOT / "medusa_sync" / "sources" / "maps" / "woocommerce-csv.jq").read_text(encoding="utf-8")
    _, _, columns = text_of("from-woocommerce.md").partition("**Columns of the export:**")
    named = re.findall(r"`([^`]+)`", columns.partition("\n## ")[0])
    assert len(named) > 20
    assert {name for name in named if re.sub(r" (\(\w+\)|1 .*)$", "", name) not in program} == set()
    read = {*re.findall(r'\.([A-Z]\w+)|\["([A-Z][^"\\]+)"\]', program)}
    assert {plain or quoted for plain, quoted in read} - {*named} == set()


def test_mapping_page_names_every_field_of_the_source_and_of_the_store() -> None:
    text = re.sub(r"^```.*?^```", "", text_of("mapping.md"), flags=re.DOTALL | re.MULTILINE)
    quoted = " ".join(re.findall(r"`([^`]+)`", text))
    words = re.findall(r"\w+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", quoted).lower())  # keys are in snake_case
    assert {name.removeprefix(METADATA) for name in [*FIELDS, *VARIANT_FIELDS]} <= set(words)
    variants = schema()["$defs"]["SourceVariant"]["properties"]
    assert {*schema()["properties"], *variants} <= {*re.findall(r"\w+", quoted)}


def test_the_page_of_the_python_api_describes_every_public_name() -> None:
    text = text_of("python-api.md")
    assert {name for name in medusa_sync.__all__ if not re.search(rf"`{name}[`(]", text)} == set()
    table = text.partition("## The result")[2]
    attributes = {
        name
        for cell in re.findall(r"^\| (.+?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    assert attributes - {"RunResult"} == set(medusa_sync.RunResult.__struct_fields__)
