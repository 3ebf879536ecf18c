"""The commands of the tutorial and of other pages do on a real store what the pages say."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.command import COMMAND, TIMEOUT_S, medusa_sync
from tests.harness.medusa import Store
from tests.pages import TRANSCRIPTS
from tests.world.shop import Shop

PAGES = Path(__file__).parents[2] / "docs"


def files(page: str, store: Store) -> Iterator[tuple[str, str]]:
    """The files that the reader saves, with the address and the key of a real store."""
    for name, text in re.findall(r'^```\w+ title="(.+?)"\n(.*?)^```', page, re.DOTALL | re.MULTILINE):
        yield name, text.replace("http://localhost:9000", store.url).replace("sk_...", store.api_key)


def commands(page: str) -> Iterator[tuple[str, list[str]]]:
    """The command of each block `bash`, and the lines of the block `text` below it: its output."""
    blocks = r"^```bash\n(.*?)^```\n(?:\n```text\n(.*?)^```)?"
    for command, output in re.findall(blocks, page, re.DOTALL | re.MULTILINE):
        shown = map(comparable, output.splitlines())
        yield command.rstrip(), [words for words in shown if words not in {"", "..."}]


def comparable(line: str) -> str:
    """The words of a line, without what differs in each run and in each version of the engine."""
    line = re.sub(r"\x1b\[[\d;?]*[A-Za-z]|[╭╮╰╯├┤┬┴┼─│]", "", line)
    line = re.sub(r"http://(localhost|127\.0\.0\.1):\d+", "STORE", line)
    line = re.sub(r"\d+ (source|store read|store write)s?\b", r"N \1", line)
    line = re.sub(r"\d+ retr(y|ies)\b", "N retry", line)
    return " ".join(re.sub(r"\d+\.\d s", "N s", line).split())


def printed(folder: Path, script: str) -> str:
    """What a terminal shows while bash reads a script line by line and prints each line before it runs."""
    (folder / "script").write_text(script, encoding="utf-8")
    reader, terminal = pty.openpty()
    environment = {
        "PATH": f"{COMMAND.parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "TERM": "xterm",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    with subprocess.Popen(
        ["bash", "-v", "script"],
        cwd=folder,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        text = b"".join(iter(lambda: chunk(reader), b""))
        assert process.wait(TIMEOUT_S) == 0
    os.close(reader)
    return text.decode()


def chunk(reader: int) -> bytes:
    """The next bytes; none once the terminal is closed."""
    try:
        return os.read(reader, 65_536)
    except OSError:
        return b""


def ruin_a_price(folder: Path, store: Store) -> None:
    """What has happened to the reader of `undo.md`."""
    settings = {
        "MEDUSA_BACKEND_URL": store.url,
        "MEDUSA_API_KEY": store.api_key,
        "SYNC_PRODUCTS_SOURCE": "catalogue.csv",
        "SYNC_PRODUCTS_SOURCE_NAME": "shop",
    }
    lines = (f"{name}={value}\n" for name, value in settings.items())
    (folder / ".env").write_text("".join(lines), encoding="utf-8")
    for price in ("9.50", "950"):
        rows = f"id,title,price\n1,Mug,{price}\n2,Plate,7.00\n"
        (folder / "catalogue.csv").write_text(rows, encoding="utf-8")
        printed(folder, "medusa-sync products\n")


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_each_command_of_a_page_prints_what_the_page_shows(name: str, store: Store, tmp_path: Path) -> None:
    page = (PAGES / name).read_text(encoding="utf-8")
    for file, text in files(page, store):
        (tmp_path / file).write_text(text, encoding="utf-8")
    if name == "undo.md":
        ruin_a_price(tmp_path, store)
    expected = list(commands(page))
    output = printed(tmp_path, "".join(f"{command}\n" for command, _ in expected))
    lines = iter([comparable(line) for line in output.splitlines()])
    for command, shown in expected:
        first, *_ = command.splitlines()  # bash does not print the lines within $()
        for wanted in [comparable(first), *shown]:
            assert wanted in lines, f"{command}: no line {wanted!r} after the one before it\n{output}"


@pytest.mark.parametrize(("option", "left"), [("", 3), (" --delete", 1)])
def test_the_script_of_the_installation_page_removes_the_traces_of_one_source(
    option: str, left: int, shop: Shop, tmp_path: Path
) -> None:
    rows = [{"id": 1, "title": "Mug", "price": 9}, {"id": 2, "title": "Plate", "price": 7}]
    for name, products in (("shop", rows), ("other", [{"id": 1, "title": "Lamp", "price": 20}])):
        (tmp_path / "catalogue.json").write_text(json.dumps(products), encoding="utf-8")
        source = ["--source", str(tmp_path / "catalogue.json"), "--source-name", name]
        assert medusa_sync(*source, store=shop.store).exit_code == 0
    page = (PAGES / "installation.md").read_text(encoding="utf-8")
    environment = f"MEDUSA_BACKEND_URL={shop.store.url}\nMEDUSA_API_KEY={shop.store.api_key}\n"
    script = (PAGES / "examples" / "forget.py").read_text(encoding="utf-8")
    for name, text in [("forget.py", script), (".env", environment)]:
        (tmp_path / name).write_text(text, encoding="utf-8")
    script = "".join(f"{command}\n" for command, _ in commands(page))
    assert "2 products" in printed(tmp_path, script.replace("forget.py shop", f"forget.py shop{option}"))
    products = shop.products()
    assert len(products) == left
    records = {
        each["external_id"]: each["metadata"] for each in products if "medusa_sync" in str(each["metadata"])
    }
    assert records.keys() == {"other:1"}
    assert sum(each["external_id"] is not None for each in products) == 1
