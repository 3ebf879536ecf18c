"""No signal is lost, whether somebody listens, waits, or does neither."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from medusa_sync.app.signals import Signals

FAR_TOO_LONG_S = 30


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def later(seconds: float, action: Callable[[], None]) -> None:
    threading.Timer(seconds, action).start()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_before_the_sleep_ends_it(number: signal.Signals) -> None:
    with Signals() as signals:
        send(number)
        assert signals.wait(FAR_TOO_LONG_S) is number


def test_a_signal_in_the_middle_of_the_sleep_ends_it_at_once() -> None:
    with Signals() as signals:
        begun = time.monotonic()
        later(0.05, lambda: send(signal.SIGTERM))
        assert signals.wait(FAR_TOO_LONG_S) is signal.SIGTERM
        assert time.monotonic() - begun < FAR_TOO_LONG_S / 2


def test_a_sleep_without_a_signal_ends_by_itself_also_after_one() -> None:
    with Signals() as signals:
        assert signals.wait(0.01) is None
        send(signal.SIGTERM)
        assert signals.wait(0.01) is signal.SIGTERM
        assert signals.wait(0.01) is None


def test_several_signals_are_kept_in_their_order() -> None:
    with Signals(signal.SIGHUP) as signals:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
            send(number)
        kept = [signals.wait(0.01) for _ in range(4)]
        assert kept == [signal.SIGHUP, signal.SIGTERM, signal.SIGHUP, None]


def test_more_signals_than_the_pipe_holds_do_no_harm() -> None:
    with Signals(signal.SIGHUP) as signals:
        for _ in range(70_000):
            signal.raise_signal(signal.SIGHUP)
        assert signals.wait(0.01) is signal.SIGHUP


def test_a_listener_is_told_of_what_ends_a_run_and_of_nothing_else() -> None:
    told: list[signal.Signals] = []
    with Signals(signal.SIGHUP) as signals:
        with signals.told_to(told.append):
            send(signal.SIGHUP)
            send(signal.SIGINT)
            send(signal.SIGTERM)
        assert told == [signal.SIGINT, signal.SIGTERM]
        assert signals.wait(0.01) is signal.SIGHUP, "all are kept for the loop"
        assert signals.wait(0.01) is signal.SIGINT


def test_a_listener_is_told_of_a_signal_that_came_before_it_listened() -> None:
    told: list[signal.Signals] = []
    with Signals() as signals:
        send(signal.SIGTERM)
        with signals.told_to(told.append):
            assert told == [signal.SIGTERM]


def test_what_was_done_with_signals_before_is_done_again_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with Signals(signal.SIGHUP):
        assert signal.getsignal(signal.SIGTERM) is not before[1]
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_second_signal_that_nobody_takes_ends_the_process() -> None:
    code = """
import signal, time
from medusa_sync.app.signals import Signals
with Signals():
    signal.raise_signal(signal.SIGTERM)
    print("still here", flush=True)
    signal.raise_signal(signal.SIGTERM)
    time.sleep(30)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGTERM, "still here\n", "")


def test_a_signal_that_comes_while_a_listener_is_told_is_told_once() -> None:
    told: list[signal.Signals] = []

    def listen(number: signal.Signals) -> None:
        told.append(number)
        if len(told) == 1:
            send(signal.SIGINT)

    with Signals() as signals:
        send(signal.SIGTERM)
        with signals.told_to(listen):
            pass
    assert told == [signal.SIGTERM, signal.SIGINT]
