"""One signal stops, and no other tears what it set going; run in processes of their own, for signals are theirs."""

import signal
import subprocess
import sys
import textwrap

import pytest

START = """
    import os, signal
    from pytest_llmops.control.interruption import Interruption
    one = Interruption()
    def come(name): os.kill(os.getpid(), getattr(signal, name))
"""


@pytest.fixture
def run():
    def run(code, **words):
        text = textwrap.dedent(START) + textwrap.dedent(code)
        return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, **words)

    return run


def test_each_of_them_raises_and_says_its_name(run):
    done = run("""
        one.install()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            one.begin(), one.end()
            try:
                come(name)
            except KeyboardInterrupt as error:
                print(error)
    """)
    assert done.stdout.split() == ["SIGINT", "SIGTERM", "SIGHUP"], done.stderr


def test_while_something_is_changed_only_the_first_raises(run):
    done = run("""
        one.install()
        one.begin()
        try:
            come("SIGTERM")
        except KeyboardInterrupt:
            come("SIGTERM"), come("SIGINT")
            print("undone")
        one.end()
        try:
            come("SIGINT")
        except KeyboardInterrupt:
            print("and again")
    """)
    assert done.stdout.splitlines() == ["undone", "and again"], done.stderr


def test_a_stop_is_asked_for_once_and_ctrl_c_as_often_as_one_likes(run):
    done = run("""
        one.install()
        for name in ("SIGTERM", "SIGTERM", "SIGHUP", "SIGINT", "SIGINT"):
            try:
                come(name)
            except KeyboardInterrupt as error:
                print(error)
    """)
    assert done.stdout.split() == ["SIGTERM", "SIGINT", "SIGINT"], done.stderr


def test_what_comes_while_it_is_held_is_raised_afterwards(run):
    done = run("""
        one.install()
        try:
            with one.hold():
                with one.hold():
                    come("SIGHUP")
                print("whole")
        except KeyboardInterrupt as error:
            print(error)
        with one.quiet():
            come("SIGHUP")
        print("quiet")
    """)
    assert done.stdout.splitlines() == ["whole", "SIGHUP", "quiet"], done.stderr


def test_what_listened_before_listens_again(run):
    done = run("""
        signal.signal(signal.SIGTERM, lambda *_: print("theirs"))
        one.install()
        one.install()
        one.restore()
        come("SIGTERM")
        print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, flush=True)
        come("SIGHUP")
        print("unreachable")
    """)
    assert done.stdout.splitlines() == ["theirs", "True"]
    assert done.returncode == -signal.SIGHUP


def test_what_is_ignored_stays_ignored(run):
    done = run("""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        one.install()
        come("SIGHUP")
        print("nohup")
    """)
    assert done.stdout == "nohup\n", done.stderr
