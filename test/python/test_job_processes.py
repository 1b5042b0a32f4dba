"""Processes of a job, as /proc and ps tell of them."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from jobs import wait

from job_processes import boot_key, family, is_alive, start_time


def test_a_pid_that_belongs_to_another_is_not_taken_for_alive() -> None:
    me = {"boot": boot_key(), "child": {"pid": os.getpid(), "start": start_time(os.getpid())}}
    assert is_alive(me)
    assert not is_alive({**me, "child": {"pid": os.getpid(), "start": "1"}})
    assert not is_alive({**me, "boot": "another"})


def test_without_proc_processes_are_found_through_ps(monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen(["sh", "-c", "sleep 30 & wait"], start_new_session=True)
    real = os.path.isdir
    monkeypatch.setattr(os.path, "isdir", lambda path: path != "/proc/self" and real(path))
    try:
        wait(lambda: len(family(set(), "", child.pid)) == 2)
        assert child.pid in family({os.getpid()}, "", -1)
        assert start_time(child.pid)
        assert start_time(2**22 + 1) is None
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
