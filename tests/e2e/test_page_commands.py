"""The commands of each page run in the order in which a reader meets them, on a real store."""

import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.e2e.scenes import CATALOGUE, ROWS, SCENES, Scene, at, web
from tests.harness.command import COMMAND, TIMEOUT_S, environment
from tests.harness.medusa import Store
from tests.harness.postgres import TEST_DATABASE_PREFIX, Postgres
from tests.harness.processes import free_port, running
from tests.pages import PAGES, Block, blocks, commands
from tests.tiers import needed, sampled
from tests.world.shop import Shop

PAGE = {page.name: page for page in PAGES}
TOOLS = {
    "pipx": 'exec uv tool run --quiet pipx "$@"',
    # Beside the environment of the tests, which has what it depends on.
    "pip": 'shift; exec uv pip install --quiet --no-deps --target "$PYTHONPATH" "$@"',
}
QUICK = {*SCENES} - {"README.md", "installation.md", "python-api.md"}  # which install packages
CRON = re.compile(r"^(?:[\d*/,-]+ +){5} *cd /home/shop/medusa-sync && (.*)$", re.MULTILINE)


def script(page: Path) -> Iterator[str]:
    """What a reader does with each block of a page: save it as a file, or run it."""
    for number, block in enumerate(blocks(page), 1):
        if block.title and not block.title.startswith("crontab"):
            end = f"END-OF-{number}"
            yield f"cat > {shlex.quote(block.title)} << '{end}'\n{block.text}{end}\n"
        elif block in commands(page):
            yield f"echo {shlex.quote(f'--- {block.first}')}\n{text_to_run(block)}\n"


def text_to_run(block: Block) -> str:
    if block.language != "cron":
        return block.text
    return "\n".join(line.replace("\\%", "%") for line in CRON.findall(block.text))


def walk(scene: Scene, page: Path, store: Store, folder: Path, **variables: str) -> str:
    """Run what a page says in one shell, which ends if a command fails; return what it prints."""
    for name, text in scene.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(filled(text, store), encoding="utf-8")
        (folder / name).chmod(0o755)
    scene.prepare(folder)
    tools = folder / "tools"
    tools.mkdir()
    for name, command in TOOLS.items():
        (tools / name).write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
        (tools / name).chmod(0o755)
    with web() as url:
        lines = at(url, filled("".join(script(page)), store))
        for old, new in scene.replaced.items():
            lines = lines.replace(old, new)
        ended = subprocess.run(
            ["bash", "-e", "-u", "-c", lines],
            cwd=folder,
            env=environment(None)
            | {"PATH": f"{folder}/pipx-bin:{tools}:{COMMAND.parent}:/usr/bin:/bin", "no_proxy": "*"}
            | {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder / "pipx-bin")}
            | {"PYTHONPATH": str(folder / "site"), "WEB": url, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def filled(text: str, store: Store) -> str:
    return text.replace("https://store.example.com", store.url).replace("sk_...", store.api_key)


@pytest.fixture
def erp(postgres: Postgres) -> Iterator[str]:
    """The URL of a database with the products of the scenes."""
    name = f"{TEST_DATABASE_PREFIX}erp"
    url = postgres.create_database(name)
    with psycopg.connect(url) as database:
        database.execute(
            "CREATE TABLE articles (id int, title text, price numeric, article_number text, quantity int,"
            " stock int, active bool DEFAULT true, changed_at timestamptz DEFAULT now())"
        )
        database.cursor().executemany(
            "INSERT INTO articles VALUES (%(id)s, %(title)s, %(price)s, %(sku)s, %(stock)s, %(stock)s)", ROWS
        )
    yield url
    postgres.drop_database(name)


@contextmanager
def remote(kind: str, folder: Path) -> Iterator[str]:
    """Serve the folder `erp`, and yield what names it for `rclone config create`."""
    port = free_port()
    folder_of_erp, address = str(folder / "erp"), ("127.0.0.1", str(port))
    sftp = ("rclone", "serve", "sftp", folder_of_erp, "--addr", ":".join(address), "--user", "shop")
    ftp = ("uv", "tool", "run", "--quiet", "--from", "pyftpdlib==2.2.0", "python", "-m", "pyftpdlib")
    command = {
        "sftp": (*sftp, "--authorized-keys", f"{folder}/erp.key.pub"),
        "ftp": (*ftp, *("-i", address[0], "-p", address[1], "-u", "shop", "-P", "hush", "-d", folder_of_erp)),
    }[kind]
    variables = environment(None) | {"PATH": f"{COMMAND.parent}:/usr/bin:/bin"}
    with running(kind, command, log=folder / "server.log", cwd=folder, env=variables) as program:
        program.wait_until(lambda: answers(port), seconds=30)
        yield f"erp {kind} host=127.0.0.1 port={port} user=shop"


def make_key(folder: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "erp.key"], cwd=folder, check=True)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("kind", sampled(["sftp", "ftp"]))
def test_the_commands_of_the_page_about_sources_run_in_its_order(
    kind: str, shop: Shop, erp: str, tmp_path: Path
) -> None:
    for package, program in (
        ("rclone", "rclone"),
        ("jq", "jq"),
        ("curl", "curl"),
        ("postgresql-client", "psql"),
    ):
        needed(package, program)
    scene = SCENES["sources.md"]
    (tmp_path / "erp" / "export").mkdir(parents=True)
    (tmp_path / "erp" / "export" / "catalogue.csv").write_text(CATALOGUE, encoding="utf-8")
    make_key(tmp_path)
    with remote(kind, tmp_path) as place:
        rclone = {"erp sftp host=erp.example.com user=shop": place}
        if kind == "ftp":
            rclone["key_file=erp.key"] = "pass=hush"
        walk(
            replace(scene, replaced=rclone | {"provider=AWS": "provider=Other endpoint=$WEB"}),
            PAGE["sources.md"],
            shop.store,
            tmp_path,
            ERP_DATABASE=erp,
            RCLONE_CONFIG=str(tmp_path / "rclone.conf"),
            AWS_ACCESS_KEY_ID="shop",
            AWS_SECRET_ACCESS_KEY="hush",
            AWS_CA_BUNDLE="",
        )
    assert len(shop.products()) == scene.stored


@pytest.mark.parametrize("name", sampled(sorted({*SCENES} - {"sources.md"}), *QUICK))
def test_the_commands_of_a_page_run_in_the_order_of_the_page(name: str, shop: Shop, tmp_path: Path) -> None:
    walk(SCENES[name], PAGE[name], shop.store, tmp_path)
    assert len(shop.products()) == SCENES[name].stored


@pytest.mark.parametrize(("least", "code"), [("0", 0), ("3", 3)])
def test_a_pipe_whose_program_dies_looks_complete_unless_there_is_a_minimum(
    least: str, code: int, tmp_path: Path
) -> None:
    command = f"medusa-sync products --source - --source-name erp --dry-run --min-products {least}"
    ended = subprocess.run(
        ["bash", "-c", rf"(printf 'id,title,price\n1,Mug,9\n2,Jug,7\n'; exit 1) | {command}"],
        cwd=tmp_path,
        env=environment(None) | {"PATH": f"{COMMAND.parent}:/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == code
