"""What other users of the machine see of a run: its arguments."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from medusa_sync.app import arguments
from tests.unit.app.commands import run

SECRETS = ["Zq7-pass", "Zq7-token", "Zq7-push", "Zq7-ping"]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="only Linux shows arguments like this")
def test_the_process_list_shows_no_secret_of_a_url(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        host = f"127.0.0.1:{server.getsockname()[1]}"
        command = [
            *(sys.executable, "-m", "medusa_sync", "products", "--dry-run", "--json"),
            *("--source", f"http://me:Zq7-pass@{host}/p?q=Größe&access_token=Zq7-token"),
            "--metrics-push=http://me:Zq7-push@push.example",
            "--ping-url=http://hc.example/Zq7-ping",
        ]
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
            with server.accept()[0] as connection:
                request = connection.recv(10_000)
                shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            process.kill()
    assert b"access_token=Zq7-token" in request
    assert not [secret for secret in SECRETS if secret.encode() in shown]
    assert f"http://***@{host}/p?q=Größe&access_token=***".encode() in shown
    assert shown.split(b"\0")[:6] == [os.fsencode(each) for each in command[:6]]
    assert len(shown) == sum(len(os.fsencode(each)) + 1 for each in command)


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize(
    "url", ["https://me:hush@source.example", "https://[me:hush@source.example?key=hush"]
)
def test_a_run_does_not_need_to_hide_its_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    for folder in (tmp_path, Path("/proc/self")):
        monkeypatch.setattr(arguments, "_PROCESS", folder)
        result = run("--print-settings", "--source", url)
        assert result.exit_code == (2 if "[" in url else 0)
        assert "hush" not in result.output
