"""Processes of a job, found in the process table: which there are, whether one is still the same, what killed it."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from job_files import MAX_RECORD_BYTES, Json, read_file

MARKER = "EARMARK_JOB"
"""In the environment of all that a job runs: its id."""
HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
"""From the system or the batch system: the job is to end, with its grace."""


def family(roots: set[int], mark: str, group: int) -> set[int]:
    """Pids of `roots`, of what carries `mark` in its environment (Linux) or is in `group` (else), and of all below."""
    found = dict(process_table())
    linux = os.path.isdir("/proc/self")
    members = {pid for pid in found if pid in roots or (has_mark(pid, mark) if linux else found[pid][1] == group)}
    below = members
    while below:
        below = {pid for pid, (parent, _) in found.items() if parent in members} - members
        members |= below
    return members


def process_table() -> Iterator[tuple[int, tuple[int, int]]]:
    """(pid, (parent, group)) of every process that is not a zombie."""
    if os.path.isdir("/proc/self"):
        for name in os.listdir("/proc"):
            fields = stat_fields(int(name)) if name.isdigit() else []
            if fields and fields[0] != "Z":
                yield int(name), (int(fields[1]), int(fields[2]))
        return
    import subprocess

    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="], stdout=subprocess.PIPE, check=False).stdout
    for line in listing.decode("ascii", "replace").splitlines():
        pid, parent, pgid, state = line.split(None, 3)
        if not state.startswith("Z"):
            yield int(pid), (int(parent), int(pgid))


def has_mark(pid: int, mark: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return mark.encode() in file.read().split(b"\0")
    except OSError:
        return False


def stat_fields(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on (field 3 of proc(5)); empty when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].decode("ascii").split()
    except OSError:
        return []


def start_time(pid: int) -> str | None:
    """Tells a process from a later one with the same pid."""
    if os.path.isdir("/proc/self"):
        fields = stat_fields(pid)
        return fields[19] if fields and fields[0] != "Z" else None
    import subprocess

    listing = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], stdout=subprocess.PIPE, check=False).stdout
    return listing.decode("ascii", "replace").strip() or None


def is_alive(started: Json) -> bool:
    child = started.get("child")
    if not isinstance(child, dict) or not isinstance(child.get("pid"), int) or started.get("boot") != boot_key():
        return False
    return child.get("start") is not None and start_time(child["pid"]) == child["start"]


@lru_cache(maxsize=1)
def boot_key() -> str:
    """Differs after a reboot, and after the restart of a container, which keeps the kernel's boot id."""
    if os.path.isdir("/proc/self"):
        boot = (read_file("/proc/sys/kernel/random/boot_id", 64) or b"").decode("ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}/{start_time(1)}"
    import subprocess

    boot_time = subprocess.run(["sysctl", "-n", "kern.boottime"], stdout=subprocess.PIPE, check=False).stdout
    return boot_time.decode("ascii", "replace").strip()


def become_subreaper() -> None:
    """Orphans of the job become children of this process (prctl(2), PR_SET_CHILD_SUBREAPER = 36; Linux only)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def oom_kills() -> int:
    """How often the kernel killed for want of memory, in this control group (version 2 or 1), else on this machine."""
    groups = (read_file("/proc/self/cgroup", MAX_RECORD_BYTES) or b"").decode("utf-8", "replace")
    files = ["/proc/vmstat"]
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            files.insert(0, f"/sys/fs/cgroup{path}/memory.events")
        elif controllers == "memory":
            files.insert(0, f"/sys/fs/cgroup/memory{path}/memory.oom_control")
    for file in files:
        match = re.search(rb"^oom_kill (\d+)$", read_file(file, MAX_RECORD_BYTES) or b"", re.MULTILINE)
        if match:
            return int(match.group(1))
    return 0
