"""Runs a program, and ends it together with its process group when the test process says so or is gone.

Standard input is a pipe whose other end the test process holds. A byte on it means stop; its end without one
means that the test process was killed, and then its folder is removed too. The keeper has a session of its
own, so that a signal to the group of the test process spares it.
"""

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
        with contextlib.suppress(
            ProcessLookupError, PermissionError
        ):  # macOS refuses when only a zombie is left
            os.killpg(program.pid, number)

    def wait_for_the_end() -> None:
        if os.read(0, 1) == b"":
            orphaned.set()
        signal_group(order["stop_signal"])
        time.sleep(order["grace"])
        signal_group(signal.SIGKILL)

    signal.signal(signal.SIGTERM, lambda *_: signal_group(signal.SIGKILL))
    threading.Thread(target=wait_for_the_end, daemon=True).start()
    code = program.wait()
    signal_group(signal.SIGKILL)
    if orphaned.is_set() and order["folder"] is not None:
        shutil.rmtree(order["folder"], ignore_errors=True)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
