"""A look at one job, and what follows from it. State is derived from files, lock and processes, and never stored."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import time

from job_files import MAX_RECORD_BYTES, Json, mtime_of, read_file, read_json, size_of
from job_processes import boot_key, is_alive
from job_spec import MAX_SPEC_BYTES

NEVER_STARTED_S = 60.0


def look(directory: str) -> Json:
    """What the files, the lock and the process table say of a job. Cheap, and changes nothing."""

    def read(name: str, limit: int = MAX_RECORD_BYTES) -> Json | None:
        return read_json(os.path.join(directory, name), limit)

    seen: Json = {"id": os.path.basename(directory), "root": os.path.dirname(directory), "now": time.time()}
    if not os.path.isdir(directory) or os.path.islink(directory):
        return {**seen, "missing": True}
    seen["spec"] = read("spec.json", MAX_SPEC_BYTES)
    seen.update({name: read(f"{name}.json") for name in ("exit", "started", "stop")})
    if seen["exit"] is None:
        seen["lock"] = lock_state(os.path.join(directory, "lock"))
        seen["exit"] = read("exit.json")  # it may have ended between the two looks
        if seen["lock"] == "held":
            seen["started"] = seen["started"] or read("started.json")
    seen["log_bytes"] = size_of(os.path.join(directory, "out.log"))
    if seen["exit"] is None:
        beat = (read_file(os.path.join(directory, "heartbeat"), 512) or b"").decode("utf-8", "replace").split()
        host = (seen["started"] or {}).get("host") or (beat[1] if len(beat) == 2 else None)
        seen["heartbeat_age_s"] = max(0.0, time.time() - float(beat[0])) if beat and beat[0].isdigit() else None
        seen["age_s"] = max(0.0, time.time() - mtime_of(os.path.join(directory, "spec.json")))
        seen["host"] = host
        seen["here"] = host is None or host == socket.gethostname()
        seen["slurm"] = read("slurm.json")
        if seen["started"]:
            seen["same_boot"] = seen["started"].get("boot") == boot_key()
            seen["alive"] = is_alive(seen["started"])
    return seen


def verdict(seen: Json) -> str:
    """alive, ended, gone (its end is not known), missing, or unknown (with Slurm, or on a silent other node)."""
    if seen.get("missing"):
        return "missing"
    if seen["exit"] is not None:
        return "ended"
    if seen["lock"] == "held" or seen.get("alive"):
        return "alive"
    if not seen["here"] or (seen["slurm"] is not None and not seen["started"]):
        return "unknown"
    waiting = not seen["started"] and seen["heartbeat_age_s"] is None and seen["age_s"] < NEVER_STARTED_S
    return "alive" if waiting else "gone"


def is_over_for_slurm(seen: Json) -> bool:
    """Whether this process runs in Slurm as a job that Slurm was told to start only after that one had ended."""
    number = (seen.get("slurm") or {}).get("id")
    return number is not None and str(number) in re.findall(r"\d+", os.environ.get("SLURM_JOB_DEPENDENCY", ""))


def lock_state(path: str) -> str:
    """Asked shared, so that any number may ask at once and none is taken for a supervisor."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return "free"
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return "free"
    except BlockingIOError:
        return "held"
    except OSError:
        return "unknown"
    finally:
        os.close(fd)
