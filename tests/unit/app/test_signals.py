"""Signals: none is lost, with or without a listener."""

import os
import signal
import subprocess
import sys
import threading
import time

from medusa_sync.app.signals import Signals

TOO_LONG_S = 30


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]


def test_signals_end_a_sleep_and_are_kept_in_order() -> None:
    """The handlers from before are restored."""
    before = handlers()
    with Signals(signal.SIGHUP) as signals:
        assert not set(handlers()) & set(before)
        assert signals.wait(0.01) is None
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGHUP):
            send(number)
        kept = [signals.wait(seconds) for seconds in (TOO_LONG_S, TOO_LONG_S, TOO_LONG_S, 0.01)]
        assert kept == [signal.SIGHUP, signal.SIGINT, signal.SIGHUP, None]
        started = time.monotonic()
        threading.Timer(0.05, send, [signal.SIGTERM]).start()
        assert signals.wait(TOO_LONG_S) is signal.SIGTERM
        assert time.monotonic() - started < TOO_LONG_S / 2
    assert handlers() == before


def test_full_pipe_does_no_harm() -> None:
    with Signals(signal.SIGHUP) as signals:
        for _ in range(70_000):
            signal.raise_signal(signal.SIGHUP)
        assert signals.wait(0.01) is signal.SIGHUP


def test_listener_gets_each_stop_signal_once() -> None:
    """Also one that arrives before it, and one that arrives while it is called."""
    received: list[signal.Signals] = []

    def listen(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == 1:
            send(signal.SIGINT)

    with Signals(signal.SIGHUP) as signals:
        send(signal.SIGTERM)
        with signals.notify(listen):
            send(signal.SIGHUP)
            send(signal.SIGINT)
        assert received == [signal.SIGTERM, signal.SIGINT, signal.SIGINT]
        kept = [signals.wait(0.01) for _ in range(3)]
        assert kept == [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], "all of them are kept for the loop"


def test_second_signal_without_listener_ends_the_process() -> None:
    code = """
import signal, time
from medusa_sync.app.signals import Signals
with Signals():
    signal.raise_signal(signal.SIGTERM)
    print("still running", flush=True)
    signal.raise_signal(signal.SIGTERM)
    time.sleep(30)
"""
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (-signal.SIGTERM, "still running\n", "")


def test_a_third_signal_ends_a_process_that_is_blocked() -> None:
    code = """
import signal, time
from medusa_sync import Settings, sync_products
from medusa_sync.app.signals import Signals
from medusa_sync.report.progress import Progress

class Blocked(Progress):
    def fetched(self, *_):
        for _ in range(2):
            signal.raise_signal(signal.SIGTERM)
        print("still running", flush=True)
        signal.raise_signal(signal.SIGTERM)
        time.sleep(30)

with Signals() as signals:
    sync_products(Settings(source="sample", dry_run=True), Blocked(), signals=signals)
"""
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (-signal.SIGTERM, "still running\n", "")
