"""A real cron daemon runs the lines of crontab.example against a real store."""

import email
import email.policy
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from tests.harness.catalogue import products
from tests.harness.command import medusa_sync
from tests.harness.dummyjson import dummyjson
from tests.harness.processes import Program, running
from tests.tiers import deep, skip
from tests.unit.recipes import crontab_lines, crontab_settings
from tests.world.shop import Shop

# The daemon runs for a few minutes.
pytestmark = deep

EXAMPLE_FOLDER = "/home/shop/medusa-sync"
EXAMPLE_BIN = "/home/shop/.local/bin"
SIZES = {"quiet": 20, "logged": 60, "nightly": 40, "planned": 10}
"""How many products each line of the example gets, in their order."""
ENDS = "ends.prom"  # written when a run ends
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
        skip("cron is not installed", "cron")
    elif os.geteuid() != 0:
        reason = "running a cron daemon needs root"
    elif subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/run"], check=False).returncode:
        reason = "mounting is not permitted, so the daemon would use the machine's crontabs"
    if reason:
        skip(reason)


def test_the_daemon_runs_the_lines_of_the_example(shop: Shop, tmp_path: Path) -> None:
    skip_without_cron()
    folder, catalogue = tmp_path, iter(products(sum(SIZES.values())))
    log, plan, mailbox = folder / "logged/sync.log", folder / "planned/plan.json", folder / "mail"
    with ExitStack() as stack:
        for name, size in SIZES.items():
            source = stack.enter_context(dummyjson([*islice(catalogue, size)]))
            _write_env(folder / name, shop, source.url)
            if name == "nightly":
                assert medusa_sync("--env-file", str(folder / name / ".env"), store=None).exit_code == 0
                source.products = source.products[3:]  # more than 5 % but less than 5 products
        _write_crontab(folder)

        command = [*UNSHARE, "sh", "-c", ROOM, "sh", str(folder)]
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        daemon = stack.enter_context(
            running(
                "cron", command, log=folder / "cron.log", cwd=folder, env=clean, stop_signal=signal.SIGKILL
            )
        )
        ends = folder / "quiet" / ENDS  # it sends a mail only after a failure
        _wait(
            daemon,
            lambda: _has(log, "60 created") and ends.exists() and _mails(mailbox) and _has(plan, "}\n"),
        )
        planned, between = json.loads(plan.read_text(encoding="utf-8")), shop.products()
        assert not _has(log, "up to date"), "the second tick came before the first was checked"
        _wait(daemon, lambda: _has(log, "60 products up to date") and len(_mails(mailbox)) >= 2)

    stored = shop.products()
    assert stored == between, "the second tick changed something"
    for name, size in SIZES.items():
        statuses = [each["status"] for each in stored if each["external_id"].startswith(f"{name}:")]
        assert statuses == ["published"] * (0 if name == "planned" else size)
    assert (planned["exit_code"], planned["dry_run"], planned["counts"]["created"]) == (0, True, 10)
    for mail in _mails(mailbox):  # of the only line with output, whose percent sign reaches the command
        assert mail["To"] == crontab_settings()["MAILTO"]
        assert "--on-missing" in mail["Subject"]
        assert "3 of 40 products are missing" in mail.get_content()


def _write_env(folder: Path, shop: Shop, source_url: str) -> None:
    folder.mkdir()
    settings = {
        "MEDUSA_BACKEND_URL": shop.store.url,
        "MEDUSA_API_KEY": shop.store.api_key,
        "SYNC_PRODUCTS_SOURCE": source_url,
        "SYNC_PRODUCTS_SOURCE_NAME": folder.name,
        "SYNC_PRODUCTS_LOCK_DIR": folder.parent / "locks",
        "SYNC_PRODUCTS_METRICS_FILE": folder / ENDS,
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
    for name, command in zip(SIZES, lines, strict=True):
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


def _has(file: Path, text: str) -> bool:
    return file.exists() and text in file.read_text(encoding="utf-8")


def _mails(mailbox: Path) -> list[email.message.EmailMessage]:
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in mailbox.glob("*.eml")
    ]
