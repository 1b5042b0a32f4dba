"""Whoever holds a job: its lock, its heartbeat, the ears for requests to end, and its last word."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress

from job_directory import lock_job, write_exit
from job_files import Json, read_json, replace_file, size_of
from job_processes import HANDLED
from job_spec import MAX_SPEC_BYTES

TICK_S = 0.5
HEARTBEAT_S = 2.0
LOG_HEAD_BYTES = 8 * 1024 * 1024
LOG_TAIL_BYTES = 64 * 1024 * 1024
BLOCK_BYTES = 4096


class JobHolder:
    """Holds the job's lock for life, tells that it lives, obeys stop.json and signals, and writes how it ended."""

    def __init__(self, directory: str, ready: int | None) -> None:
        self.directory = os.path.abspath(directory)
        self.spec: Json = read_json(self.path("spec.json"), MAX_SPEC_BYTES) or {}
        self.ready = ready
        if ready is not None:
            os.set_inheritable(ready, False)
        self.asked: str | None = None
        """Why it is to end, once anybody asked: stopped or terminated."""
        self.asked_at = 0.0
        self.next_beat = 0.0
        self.wake, wake_write = os.pipe()
        for fd in (self.wake, wake_write):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a closing terminal must not end it
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in HANDLED:
            signal.signal(number, lambda *_: self.ask("stopped" if self.stop_is_asked() else "terminated"))

    def path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def lock(self) -> bool:
        return lock_job(self.directory) is not None

    def tell_ready(self) -> None:
        if self.ready is not None:
            os.close(self.ready)
            self.ready = None

    def pause(self) -> None:
        """Until a signal comes or the next tick; keeps the heartbeat going and the log within its size."""
        select.select([self.wake], [], [], TICK_S)
        with suppress(BlockingIOError):
            os.read(self.wake, 512)
        if time.monotonic() >= self.next_beat:
            self.beat()
            with suppress(OSError):
                bound_log(self.path("out.log"))
        self.watch_stop()

    def beat(self) -> None:
        self.next_beat = time.monotonic() + HEARTBEAT_S
        with suppress(OSError):  # on a full disk the lock still says that this lives
            content = f"{int(time.time())} {socket.gethostname()}\n"
            replace_file(self.path("heartbeat"), content.encode(), sync=False)

    def ask(self, why: str) -> None:
        if self.asked is None:
            self.asked, self.asked_at = why, time.monotonic()

    def stop_is_asked(self) -> bool:
        return os.path.lexists(self.path("stop.json"))

    def watch_stop(self) -> None:
        if self.stop_is_asked():
            self.ask("stopped")

    def grace_s(self) -> float:
        """The latest request decides, so that whoever gets impatient may ask again with less."""
        for record in (read_json(self.path("stop.json")), self.spec):
            grace = (record or {}).get("grace_s")
            if isinstance(grace, (int, float)) and 0 <= grace < 1e6:
                return float(grace)
        return 15.0

    def finish(self, ended: Json) -> None:
        """Never gives up: while the lock is held, nobody takes the job for lost."""
        while os.path.isdir(self.directory):  # else it was deleted, with all that could be told
            with suppress(OSError):
                write_exit(self.directory, ended)
                break
            time.sleep(TICK_S)
        self.tell_ready()


def bound_log(path: str) -> None:
    """Gives the middle of a runaway log back to the disk. Offsets stay true. Linux only: fallocate(2)."""
    size = size_of(path)
    if sys.platform != "linux" or size < LOG_HEAD_BYTES + 2 * LOG_TAIL_BYTES:
        return
    if os.lstat(path).st_blocks * 512 < LOG_HEAD_BYTES + 2 * LOG_TAIL_BYTES:
        return
    import ctypes

    keep_size, punch_hole = 1, 2
    length = (size - LOG_HEAD_BYTES - LOG_TAIL_BYTES) // BLOCK_BYTES * BLOCK_BYTES
    fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        ctypes.CDLL(None).fallocate(fd, keep_size | punch_hole, ctypes.c_int64(LOG_HEAD_BYTES), ctypes.c_int64(length))
    finally:
        os.close(fd)
