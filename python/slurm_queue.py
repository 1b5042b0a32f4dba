"""Asks Slurm within limits of time; reads and keeps what controller, accounting and a job's log say of a job."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import time
from contextlib import suppress

from job_files import MAX_RECORD_BYTES, Json, read_file, read_json, replace_file
from job_processes import MARKER

SQUEUE_S = 6.0
SACCT_S = 3.0
"""Together under the ten seconds within which somebody who looks wants an answer."""
MOST_BYTES = 16_000_000
"""Of one answer: a queue of a hundred thousand jobs."""
UNREACHABLE = re.compile(r"Unable to contact|timed out|connect|Zero Bytes|Unexpected message|authentication|Munge")
"""In what Slurm's programs say when there was no answer: what was asked for may have been done or not."""
USUAL_PLACES = "/usr/bin:/usr/local/bin:/opt/slurm/bin:/usr/local/slurm/bin:/cm/shared/apps/slurm/current/bin"
"""Where Slurm's programs are, when a login shell that would add their folder to PATH is not part of the way here."""
FINAL = (
    "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE",
    "REVOKED",
)  # fmt: skip
ACCOUNTING_DAYS = 30
KILLED_FOR_MEMORY = re.compile(r"(?m)^slurmstepd\S*: error: .*[Ee]xceeded (job |step )?memory limit")
"""What jobacct_gather's OverMemoryKill leaves in the log (slurm.conf(5), JobAcctGatherParams)."""
LAST_LINES, MOST_WORDS = 3, 600


class Unreachable(Exception):
    """Slurm gave no answer; in its own words, why."""


def name_of(job: str) -> str:
    return f"earmark-{job}"


def records(found: list[Json]) -> dict[str, Json]:
    """By name. Of several with one name, the one that is not over, else the latest."""
    found = sorted(found, key=lambda record: (record["state"] not in FINAL, number_of(record["id"])))
    return {record["name"]: record for record in found}


def number_of(job: str) -> int:
    match = re.match(r"\d+", job)
    return int(match.group()) if match else 0


def queue() -> list[Json]:
    """All jobs of this user that the controller still knows."""
    try:
        said = run(["squeue", "-h", "-t", "all", "-u", str(os.getuid()), "-o", "%i|%T|%S|%e|%N|%j|%r"], SQUEUE_S)
    except subprocess.CalledProcessError as error:
        raise Unreachable(error.stderr.strip()) from error
    return [record_of(*line.split("|", 6)) for line in said.splitlines() if line.count("|") >= 6]


def accounting(names: list[str]) -> list[Json]:
    """Of those jobs, what the accounting keeps of late; nothing where there is none."""
    fields = "JobID,State,Start,End,NodeList,JobName%40,Reason"
    since = time.strftime("%Y-%m-%d", time.localtime(time.time() - ACCOUNTING_DAYS * 86400))
    argv = ["sacct", "-X", "-n", "-P", "-S", since, f"--name={','.join(names)}", "-o", fields]
    try:
        said = run(argv, SACCT_S)
    except (Unreachable, subprocess.CalledProcessError):
        return []
    return [record_of(*line.split("|", 6)) for line in said.splitlines() if line.count("|") >= 6]


def record_of(job: str, state: str, start: str, end: str, node: str, name: str, reason: str) -> Json:
    return {
        "id": job,
        "name": name,
        "state": state.split(" ")[0],  # sacct adds by whom
        "reason": None if reason in ("", "None") else reason,
        "node": None if node in ("", "None assigned") else node,
        "start": float(start) if start.isdigit() else None,
        "end": float(end) if end.isdigit() else None,
    }


def remembered(directory: str, record: Json | None) -> Json | None:
    """The record, or where Slurm has forgotten it the last one it gave of a job that was over."""
    path = os.path.join(directory, "scheduler.json")
    if record is None:
        return read_json(path)
    if record["state"] not in FINAL:
        return record
    log = (read_file(os.path.join(directory, "slurm.log"), MAX_RECORD_BYTES) or b"").decode("utf-8", "replace")
    # What its daemons kill for its memory is no more than FAILED to the controller.
    killed = record["state"] == "FAILED" and KILLED_FOR_MEMORY.search(log)
    state = "OUT_OF_MEMORY" if killed else record["state"]
    record = {**record, "state": state, "said": last_words(log)}
    if not os.path.lexists(path):
        with suppress(OSError):  # Slurm still knows it: the next look tries again
            replace_file(path, json.dumps(record).encode())
    return record


def last_words(log: str) -> str | None:
    """Why nothing came of a job: its interpreter or its folder is not on that node, a limit of the site's ended it."""
    lines = ("".join(c if c.isprintable() else " " for c in line).strip() for line in log.splitlines())
    return "; ".join([line for line in lines if line][-LAST_LINES:])[-MOST_WORDS:] or None


def run(argv: list[str], patience_s: float) -> str:
    """What one of Slurm's programs prints. Raises Unreachable, or CalledProcessError where the answer is a refusal."""
    # Settings of the person's own that would change the form of an answer, ask back, or wait.
    own = ("SQUEUE_", "SACCT_", "SCANCEL_", "SBATCH_WAIT", "SBATCH_ARRAY", MARKER)
    env = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    env.update(LC_ALL="C", SLURM_TIME_FORMAT="%s", PATH=f"{env.get('PATH', '')}:{USUAL_PLACES}")
    try:
        process = subprocess.Popen(
            argv, env=env, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise Unreachable(f"{argv[0]} can't be run on this node: {error.strerror}") from error
    with process:
        try:
            said, complaint = heard(process, time.monotonic() + patience_s)
            code = process.wait()
        except NoEnd as error:
            raise Unreachable(f"{argv[0]} {error}") from error
        finally:
            with suppress(OSError):  # also what it started, where it is a script of the site's
                os.killpg(process.pid, signal.SIGKILL)
    if code != 0:
        if UNREACHABLE.search(complaint):
            raise Unreachable(complaint.strip().splitlines()[-1])
        raise subprocess.CalledProcessError(code, argv, said, complaint)
    return said


class NoEnd(Exception):
    pass


def heard(process: subprocess.Popen, until: float) -> tuple[str, str]:
    """All that a program says, and what it complains of. Raises NoEnd where that is more than is believed, or late."""
    channels = [channel for channel in (process.stdout, process.stderr) if channel]
    said = [bytearray() for _ in channels]
    with selectors.DefaultSelector() as selector:
        for number, channel in enumerate(channels):
            selector.register(channel, selectors.EVENT_READ, number)
        while selector.get_map():
            for key, _ in selector.select(max(0.0, until - time.monotonic())):
                data = os.read(key.fd, 65536)
                said[key.data] += data
                if not data:
                    selector.unregister(key.fileobj)
            if sum(map(len, said)) > MOST_BYTES:
                raise NoEnd("said more than is believed")
            if time.monotonic() > until and selector.get_map():
                raise NoEnd("gave no answer in time")
    out, complaint = (text.decode("utf-8", "replace") for text in said)
    return out, complaint
