"""A real cron daemon runs the lines of crontab.example against a real store."""

import email
import email.policy
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.e2e.command import medusa_sync
from tests.e2e.exact import differences
from tests.e2e.fault_proxy import fault_proxy
from tests.e2e.shop import Shop
from tests.e2e.stored import stored_in
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.harness.processes import Program, running
from tests.tiers import deep, skip
from tests.unit.recipes import crontab_lines, crontab_settings

# The daemon runs for a few minutes.
pytestmark = deep

EXAMPLE_FOLDER = "/home/shop/medusa-sync"
EXAMPLE_BIN = "/home/shop/.local/bin"
LOGGED, QUIET, NIGHTLY, PLANNED = 60, 20, 40, 10
ENDS = "ends.prom"  # written when a run ends
LOG_LINE = re.compile(
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO [^:]*: (?:ok: )?(.*) (?:in [\d.]+ s|\([\d.]+ s\))$", re.MULTILINE
)
# The wait for the first tick and two ticks, doubled for a busy machine.
WITHIN_S = 240

# The daemon has its own mount namespace. It does not see the machine's crontabs or another daemon, and its
# crontab and mailer are gone when it ends.
ROOM = """\
set -e
mount -t tmpfs none /run
mount -t tmpfs none /etc/cron.d
mount -t tmpfs none /var/spool/cron
mount --bind "$1/empty" /etc/crontab
mkdir /run/upper /run/work /var/spool/cron/crontabs
mount -t overlay none -o lowerdir=/usr/sbin,upperdir=/run/upper,workdir=/run/work /usr/sbin
install -m 755 "$1/sendmail" /usr/sbin/sendmail
install -m 600 "$1/crontab" /var/spool/cron/crontabs/root
exec cron -f
"""
UNSHARE = (
    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("--propagation", "private"),
)
SENDMAIL = """\
#!/bin/sh
new=$(mktemp "{mailbox}/XXXXXX")
cat > "$new" && mv "$new" "$new.eml"
"""


def skip_without_cron() -> None:
    reason = ""
    if sys.platform != "linux" or shutil.which("cron", path="/usr/sbin") is None:
        reason = "cron is not installed (Debian: package cron)"
    elif os.geteuid() != 0:
        reason = "running a cron daemon needs root"
    elif subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/run"], check=False).returncode:
        reason = "mounting is not permitted, so the daemon would use the machine's crontabs"
    if reason:
        skip(reason)


def test_the_daemon_runs_the_lines_of_the_example(shop: Shop, tmp_path: Path) -> None:
    skip_without_cron()
    folder, store, catalogue = tmp_path, shop.store, products(LOGGED + QUIET + NIGHTLY + PLANNED)
    shares = {"logged": LOGGED, "quiet": QUIET, "nightly": NIGHTLY, "planned": PLANNED}
    with ExitStack() as stack:
        proxy = stack.enter_context(fault_proxy(store.url))
        sources: dict[str, DummyJson] = {}
        for name, size in shares.items():
            share, catalogue = catalogue[:size], catalogue[size:]
            sources[name] = stack.enter_context(dummyjson(share))
            url = proxy.url if name == "logged" else store.url
            _write_env(folder / name, name, url, store.api_key, sources[name].url)
        # Three of forty is more than 5 % but less than 5 products.
        assert medusa_sync("--env-file", str(folder / "nightly/.env"), store=None).exit_code == 0
        for product in sources["nightly"].products[:3]:
            sources["nightly"].remove(product["id"])
        _write_crontab(folder)

        command = [*UNSHARE, "sh", "-c", ROOM, "sh", str(folder)]
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        with running(
            "cron", command, log=folder / "cron.log", cwd=folder, env=clean, stop_signal=signal.SIGKILL
        ) as daemon:
            log, plan, mailbox = folder / "logged/sync.log", folder / "planned/plan.json", folder / "mail"
            ends = folder / "quiet" / ENDS  # it sends a mail only after a failure
            _wait(daemon, lambda: _runs(log) == 1 and ends.exists() and _mails(mailbox) and _is_whole(plan))
            between, writes_between = shop.products(), len(proxy.writes)
            planned = json.loads(plan.read_text(encoding="utf-8"))
            assert _runs(log) == 1, "the second tick came before the first was checked"
            _wait(daemon, lambda: _runs(log) >= 2 and len(_mails(mailbox)) >= 2)

        # The second tick changed nothing.
        assert shop.products() == between
        assert len(proxy.writes) == writes_between > 0

        # The products are stored, and the run is logged.
        stored = stored_in(shop)
        found = differences(shop, sources["logged"].products)
        assert [each for each in found if each.startswith("dummyjson:")] == []
        text = log.read_text(encoding="utf-8")
        assert LOG_LINE.findall(text)[:2] == [f"{LOGGED} created", f"{LOGGED} products up to date"]
        _, first = text.split("job: ")  # a run with nothing to do is only a line of the log
        assert {f"created: {LOGGED}", "status: ok"} <= set(first.splitlines())

        # Only the line with output is mailed, and its percent sign reaches the command.
        statuses = {
            name: [each.status for key, each in stored.items() if key.startswith(f"{name}:")]
            for name in shares
        }
        assert len(statuses["quiet"]) == QUIET
        assert statuses["nightly"] == ["published"] * NIGHTLY
        for mail in _mails(mailbox):
            assert mail["To"] == crontab_settings()["MAILTO"]
            assert "--on-missing" in mail["Subject"]
            assert f"3 of {NIGHTLY} products are missing" in mail.get_content()

        # The planning line writes a plan and no product.
        counts = (planned["exit_code"], planned["dry_run"], planned["counts"]["created"])
        assert counts == (0, True, PLANNED)
        assert statuses["planned"] == []


def _write_env(folder: Path, name: str, store_url: str, api_key: str, source_url: str) -> None:
    folder.mkdir()
    settings = {
        "MEDUSA_BACKEND_URL": store_url,
        "MEDUSA_API_KEY": api_key,
        "SYNC_PRODUCTS_SOURCE": source_url,
        "SYNC_PRODUCTS_SOURCE_NAME": "dummyjson" if name == "logged" else name,
        "SYNC_PRODUCTS_LOCK_DIR": str(folder.parent / "locks"),
        "SYNC_PRODUCTS_METRICS_FILE": str(folder / ENDS),
    }
    env = folder / ".env"
    env.touch(mode=0o600)
    env.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), encoding="utf-8")


def _write_crontab(folder: Path) -> None:
    """The example, with each line running every minute in its own folder."""
    settings = crontab_settings()
    settings["PATH"] = settings["PATH"].replace(EXAMPLE_BIN, str(Path(sys.executable).parent))
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    lines = [line.command for line in crontab_lines() if line.is_a_run]
    for name, command in zip(("quiet", "logged", "nightly", "planned"), lines, strict=True):
        assert command.startswith(f"cd {EXAMPLE_FOLDER} && ")
        text += f"* * * * *  {command.replace(EXAMPLE_FOLDER, str(folder / name))}\n"
    (folder / "crontab").write_text(text, encoding="utf-8")
    (folder / "empty").touch()
    (folder / "mail").mkdir()
    (folder / "sendmail").write_text(SENDMAIL.format(mailbox=folder / "mail"), encoding="utf-8")


def _wait(daemon: Program, ready: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not ready():
        assert daemon.keeper.poll() is None, daemon.log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, "cron did not run the expected lines"
        time.sleep(0.1)


def _runs(log: Path) -> int:
    """How many finished runs the log has."""
    text = log.read_text(encoding="utf-8") if log.exists() else ""
    return len(LOG_LINE.findall(text))


def _is_whole(plan: Path) -> bool:
    return plan.exists() and plan.read_text(encoding="utf-8").endswith("}\n")


def _mails(mailbox: Path) -> list[email.message.EmailMessage]:
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in mailbox.glob("*.eml")
    ]
