"""Runs a program and stops it with its process group on request, or when the test process is gone."""

# Standard input is a pipe from the test process. A byte means stop. Its end without a byte means that the
# test process was killed; then the folder is removed too. The keeper has its own session, so a signal to the
# process group of the tests does not reach it.

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time


def main() -> int:
    order = json.loads(sys.argv[1])
    orphaned = threading.Event()
    program = subprocess.Popen(
        order["command"],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        user=order["user"],
        group=order["group"],
        extra_groups=None if order["group"] is None else [],
    )

    def signal_group(number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: only a zombie is left
            os.killpg(program.pid, number)

    def wait_for_stop() -> None:
        if os.read(0, 1) == b"":
            orphaned.set()
        signal_group(order["stop_signal"])
        time.sleep(order["grace"])
        signal_group(signal.SIGKILL)

    signal.signal(signal.SIGTERM, lambda *_: signal_group(signal.SIGKILL))
    threading.Thread(target=wait_for_stop, daemon=True).start()
    code = program.wait()
    signal_group(signal.SIGKILL)
    if orphaned.is_set() and order["folder"] is not None:
        shutil.rmtree(order["folder"], ignore_errors=True)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
