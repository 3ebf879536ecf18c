"""The diagram and the lists of ARCHITECTURE.md, from the import contracts (`make docs`)."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "medusa_sync"
WIDTH, GAP, PADDING, LINE = 640, 22, 12, 18  # in pixels
LETTER = 7.2  # average width of a letter of the texts, in pixels


def layers() -> list[list[str]]:
    """The layers from the top; those of one row do not import each other."""
    [contract] = [each for each in _contracts() if each["type"] == "layers"]
    return [[name.strip() for name in layer.split("|")] for layer in contract["layers"]]


def blocks() -> Mapping[str, str]:
    """The lists of ARCHITECTURE.md by name."""
    packages = [f"| {_link(name)} | {purpose(name)} |\n" for layer in layers() for name in layer]
    rules = [f"- {each['name']}.\n" for each in _contracts()]
    return {"packages": "| | |\n| --- | --- |\n" + "".join(packages), "contracts": "".join(rules)}


def purpose(name: str) -> str:
    """The first line of the docstring of a package or module."""
    folder = PACKAGE / name
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not text:
        raise ValueError(f"{path} has no docstring")
    return text.partition("\n\n")[0].replace("\n", " ")


def svg() -> str:
    """A box for each package, a row for each layer, and arrows in the direction of imports."""
    shapes: list[str] = []
    top = 8
    for number, names in enumerate(layers()):
        if number:
            shapes.append(f'<path class="arrow" d="M{WIDTH / 2:g} {top - GAP + 3} V{top - 5}"/>')
        width = (WIDTH - GAP * (len(names) - 1)) / len(names)
        texts = [wrap(purpose(name), int((width - 2 * PADDING) / LETTER)) for name in names]
        height = 2 * PADDING + LINE * (1 + max(map(len, texts)))
        for position, (name, lines) in enumerate(zip(names, texts, strict=True)):
            shapes += _box(name, lines, position * (width + GAP), top, width, height)
        top += height + GAP
    style = (
        "rect{fill:#f5f7fb;stroke:#5b6b8c}text{font:14px sans-serif;fill:#1c2333}"
        ".name{font-weight:bold}.arrow{stroke:#5b6b8c;stroke-width:2;marker-end:url(#head)}"
    )
    marker = (
        '<marker id="head" viewBox="0 0 6 6" refX="3" refY="3" markerWidth="4" markerHeight="4" '
        'orient="auto">'
        '<path d="M0 0 L6 3 L0 6 z" fill="#5b6b8c"/></marker>'
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 0 {WIDTH + 2} {top - GAP + 8}" role="img">'
        f"<title>The layers of medusa-sync; imports go down only</title><style>{style}</style>{marker}"
    )
    return "\n".join([head, *shapes, "</svg>"]) + "\n"


def _box(name: str, lines: list[str], left: float, top: int, width: float, height: int) -> Iterator[str]:
    yield f'<rect x="{left:g}" y="{top}" width="{width:g}" height="{height}" rx="6"/>'
    for number, line in enumerate([name, *lines], 1):
        kind = ' class="name"' if number == 1 else ""
        x, y = left + PADDING, top + PADDING + LINE * number - 4
        yield f'<text{kind} x="{x:g}" y="{y}">{escape(line)}</text>'


def _link(name: str) -> str:
    return f"`{name}/`" if (PACKAGE / name).is_dir() else f"`{name}.py`"


def _contracts() -> list[dict[str, Any]]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    contracts: list[dict[str, Any]] = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    return contracts
