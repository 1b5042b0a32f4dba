"""The folder of the jobs and the directory of each: made whole or not at all, locked, and given its end."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from job_errors import Refused, disk_refusal
from job_evidence import lock_state, look
from job_files import Json, make_private, read_json, sync_folder, write_file
from job_spec import JOB_ID, MAX_SPEC_BYTES, script

LOCK_WAIT_S = 5.0
RESERVE_BYTES = 4096


@contextmanager
def prepared_root(root: str) -> Iterator[None]:
    """The folder of the jobs, safe to use, and for the caller alone for a while."""
    prepare_root(root)
    with root_lock(root):
        yield


def prepare_root(root: str) -> None:
    try:
        make_private(root)
        ignore = os.path.join(root, ".gitignore")
        if not os.path.lexists(ignore):
            write_file(ignore, b"*\n")
    except OSError as error:
        raise disk_refusal(error, root) from error


@contextmanager
def root_lock(root: str) -> Iterator[None]:
    fd = -1
    try:
        fd = os.open(os.path.join(root, ".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    except OSError as error:
        raise disk_refusal(error, error.filename or root) from error
    finally:
        if fd >= 0:
            os.close(fd)


def make_jobs(
    root: str, specs: list[Json], is_busy: Callable[[Json], bool], more: dict[str, bytes] | None = None
) -> set[str]:
    """Makes the directories that are not there yet, with the files of `more` in each; ids of those made.

    `is_busy` says of a job that was looked at whether it may still write its output. The caller holds the root's lock.
    """
    for left in os.listdir(root):  # by a start that was killed: the lock is ours, so nobody is at work on it
        if left.startswith(".new."):
            shutil.rmtree(os.path.join(root, left), ignore_errors=True)
    refuse_changed(root, specs)
    refuse_shared_output(root, specs, is_busy)
    # Later jobs first: if this is cut off, none of them waits for a job that nobody will ever make.
    return {spec["id"] for spec in reversed(specs) if create(root, spec, more or {})}


def refuse_changed(root: str, specs: list[Json]) -> None:
    for spec in specs:
        directory = os.path.join(root, spec["id"])
        if os.path.lexists(directory) and read_json(os.path.join(directory, "spec.json"), MAX_SPEC_BYTES) != spec:
            text = f"Job {spec['id']} exists already and is another one. Start it under a new id."
            raise Refused("other-content", text)


def refuse_shared_output(root: str, specs: list[Json], is_busy: Callable[[Json], bool]) -> None:
    """Two jobs that write one folder spoil each other's files, unless one waits for the other."""
    ours = {spec["id"] for spec in specs}
    wanted = {os.path.realpath(spec["output"]): spec for spec in specs if spec.get("output")}
    for name in os.listdir(root) if wanted else ():
        if name in ours or not JOB_ID.fullmatch(name):
            continue
        directory = os.path.join(root, name)
        other = read_json(os.path.join(directory, "spec.json"), MAX_SPEC_BYTES) or {}
        spec = wanted.get(os.path.realpath(str(other.get("output")))) if other.get("output") else None
        if spec and name not in [a["job"] for a in spec.get("after", [])] and is_busy(look(directory)):
            text = f"{spec['output']} is being written by the job “{other.get('title')}”."
            raise Refused("output-busy", f"{text} Stop that one first, or choose another folder.")


def create(root: str, spec: Json, more: dict[str, bytes]) -> bool:
    """The directory appears complete, by rename; of several that try, one wins. False where it was there before."""
    import tempfile

    final = os.path.join(root, spec["id"])
    if os.path.isdir(final):
        return False
    new = tempfile.mkdtemp(prefix=".new.", dir=root)
    try:
        contents = {"spec.json": json.dumps(spec, indent=1).encode(), "cmd.sh": script(spec), "lock": b""}
        contents.update({"out.log": b"", "supervisor.log": b"", ".reserve": b" " * RESERVE_BYTES, **more})
        for name, content in contents.items():
            write_file(os.path.join(new, name), content)
        sync_folder(new)
        os.rename(new, final)
        sync_folder(root)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return True


def lock_job(directory: str) -> int | None:
    """Holds the job's lock until the file descriptor that it returns is closed; None when a supervisor has it.

    Probes hold the lock shared for an instant, so a busy lock is tried again for a while.
    """
    path = os.path.join(directory, "lock")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    until = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            if lock_state(path) == "held" or time.monotonic() > until:
                os.close(fd)
                return None
            time.sleep(0.01)


def write_exit(directory: str, ended: Json) -> None:
    """Writes exit.json over the reserved block and renames it, so that a full disk has no say in it."""
    reserve = os.path.join(directory, ".reserve")
    with open(reserve, "r+b" if os.path.exists(reserve) else "wb") as file:
        file.write(json.dumps({"v": 1, **ended, "at": time.time()}).encode())
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    os.rename(reserve, os.path.join(directory, "exit.json"))
    sync_folder(directory)
