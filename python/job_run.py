"""The whole life of a job, from waiting for its turn to exit.json."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from contextlib import suppress

from job_command import become_command
from job_directory import root_lock
from job_errors import Refused
from job_evidence import is_over_for_slurm, look, verdict
from job_files import Json, read_json, replace_file
from job_gpus import MACHINE, gpu_slots, lock_folder, take_locks
from job_holder import JobHolder
from job_processes import (
    MARKER,
    become_subreaper,
    boot_key,
    family,
    is_alive,
    oom_kills,
    send,
    signal_name,
    start_time,
)
from job_queue import first_in_line

LEFTOVERS_S = 5.0
"""What the command left running when it ended gets this long between SIGTERM and SIGKILL."""
SHARED_FILES_S = 60.0
"""What one node writes, another may see this much later (acdirmax, nfs(5))."""
REFUSED = 2
"""What a script of ours ends with when it has said why (errors.py)."""
MOST_REFUSAL_BYTES = 2500
"""The same figure as in errors.py: what is longer did not come from there."""
PASSING = ("disk", "disk-full")
"""Refusals that a job which waits has time to see the end of."""


class Supervisor(JobHolder):
    """Owns one job: waits until it may begin, runs its command, and ends what is left of it."""

    def __init__(self, directory: str, ready: int | None) -> None:
        super().__init__(directory, ready)
        self.child = 0
        self.gpus: dict[str, int] = {}
        """GPUs that are the job's, and the locks that say so: held for life, by the command too."""
        self.orphan: Json | None = None
        """started.json of the job, where this process only ends what another supervisor began."""
        self.status: int | None = None
        self.oom_kills = 0
        self.killed = False

    def run(self) -> int:
        """The whole life of a job; returns the exit code to end with."""
        if not self.lock():
            return 98
        if os.path.lexists(self.path("exit.json")) or os.path.lexists(self.path("started.json")):
            self.tell_ready()
            return 99
        become_subreaper()
        self.beat()
        ended = self.wait_for_earlier() or self.wait_for_gpus() or self.obey_early_stop()
        ended = ended or self.spawn() or self.supervise()
        self.finish(ended)
        return ended["code"] if isinstance(ended["code"], int) else 1

    def end_orphan(self) -> int:
        """For a job whose supervisor was killed: ends what still runs of it, so that stopping works for it too."""
        if not self.lock():
            return 98
        started = read_json(self.path("started.json"))
        if os.path.lexists(self.path("exit.json")) or not started or not is_alive(started):
            self.tell_ready()
            return 99
        self.orphan, self.child = started, started["child"]["pid"]
        self.beat()
        self.tell_ready()
        self.ask("stopped")
        send(self.child, signal.SIGTERM)
        while is_alive(started) and not self.kill_overdue():
            self.pause()
        self.end_leftovers()
        text = "Its supervisor had been killed before; the exit code is not known."
        self.finish({"code": None, "signal": None, "why": "stopped", "text": text})
        return 0

    def wait_for_earlier(self) -> Json | None:
        """Until the jobs that this one comes after have ended. What ends it without a start, or None to go on."""
        for earlier in self.spec.get("after", []):
            directory = os.path.join(os.path.dirname(self.directory), str(earlier["job"]))
            patience = time.monotonic() + SHARED_FILES_S
            while True:
                seen = look(directory)
                state = verdict(seen)
                if state == "unknown" and is_over_for_slurm(seen) and time.monotonic() > patience:
                    state = "gone"
                if state in ("ended", "gone", "missing"):
                    break
                self.tell_ready()
                self.pause()
                if self.asked:
                    return self.obey_early_stop()
            done = state == "ended" and (seen["exit"].get("why"), seen["exit"].get("code")) == ("exited", 0)
            if not done and earlier.get("when") != "ended":
                title = (seen.get("spec") or {}).get("title", earlier["job"])
                text = f"The job before it did not succeed: “{title}”."
                return {"code": None, "signal": None, "why": "skipped", "text": text}
        return None

    def wait_for_gpus(self) -> Json | None:
        """Until it is the job's turn and GPUs are free. What ends it without a start, or None to go on."""
        wanted = self.spec.get("gpus")
        slots: list[str] | None = None
        while wanted:
            slots = slots or gpu_slots()
            try:
                if slots and self.take_turn(slots, wanted):
                    return None
            except Refused as refusal:
                if refusal.code not in PASSING:
                    return {"code": None, "signal": None, "why": "not-started", "text": str(refusal)}
            self.tell_ready()
            self.pause()
            if self.asked:
                return self.obey_early_stop()
            if not os.path.isdir(self.directory):
                return {"code": None, "signal": None, "why": "stopped", "text": "It was deleted while it waited."}
        return None

    def take_turn(self, slots: list[str], wanted: int) -> bool:
        """Takes GPUs if no job before this one waits for some. Two that wait decide one after the other."""
        if slots == [MACHINE]:
            wanted = 1
        if wanted > len(slots):
            text = f"It asks for {wanted} GPUs, and there are {len(slots)} for it here. Start it again with fewer."
            raise Refused("too-many", text)
        root, job = os.path.split(self.directory)
        with root_lock(root):
            if first_in_line(root) == job:
                self.gpus = take_locks(lock_folder(), slots, wanted)
        return bool(self.gpus)

    def obey_early_stop(self) -> Json | None:
        self.watch_stop()
        if self.asked is None:
            return None
        return {"code": None, "signal": None, "why": self.asked, "text": "It was stopped before its command began."}

    def spawn(self) -> Json | None:
        """Starts the command. It begins only when started.json is on disk, so that no job can ever run twice."""
        go, release = os.pipe()
        trouble, report = os.pipe()
        log = os.open(self.path("out.log"), os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        self.oom_kills = oom_kills()
        self.child = os.fork()
        if self.child == 0:
            os.close(release)
            become_command(self.spec, self.directory, self.gpus, go, report, log)
        for fd in (go, report, log):
            os.close(fd)
        try:
            replace_file(self.path("started.json"), json.dumps(self.identity()).encode())
            self.tell_ready()
            os.write(release, b"go")
        except OSError as error:
            os.close(release)
            os.waitpid(self.child, 0)
            text = f"Nothing was run: the job directory can't be written ({error.strerror}). Free some space there."
            return {"code": None, "signal": None, "why": "not-started", "text": text}
        os.close(release)
        failure = os.read(trouble, 4096).decode("utf-8", "replace")  # closed without a word by a successful exec
        os.close(trouble)
        if not failure:
            return None
        os.waitpid(self.child, 0)
        return {"code": 127, "signal": None, "why": "not-started", "text": failure}

    def identity(self) -> Json:
        return {
            "v": 1,
            "at": time.time(),
            "host": socket.gethostname(),
            "boot": boot_key(),
            "supervisor": {"pid": os.getpid(), "start": start_time(os.getpid())},
            "child": {"pid": self.child, "start": start_time(self.child)},
            "slurm": os.environ.get("SLURM_JOB_ID"),
            "gpus": list(self.gpus),
        }

    def supervise(self) -> Json:
        """Until nothing of the job runs any more; what came of the command."""
        told = False
        while True:
            self.reap()
            if self.status is not None:
                break
            if self.asked and not told:
                # Only the command itself: it may need its workers to save a checkpoint, and ends them as it likes.
                send(self.child, signal.SIGTERM)
                told = True
            self.kill_overdue()
            self.pause()
        asked = self.asked
        self.end_leftovers()
        return self.outcome(self.status, asked)

    def reap(self) -> None:
        """Collects children that ended, adopted ones too."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.child:
                    self.status = status

    def kill_overdue(self) -> bool:
        overdue = self.asked is not None and time.monotonic() > self.asked_at + self.grace_s()
        if overdue:
            self.killed = True
            for pid in self.members():
                send(pid, signal.SIGKILL)
        return overdue

    def end_leftovers(self) -> None:
        """Workers that outlive the command keep the GPU's memory: they are asked, then killed."""
        patience = time.monotonic() + LEFTOVERS_S
        if self.asked:  # the grace is for all: a wrapper may be gone before what it wrapped has saved its work
            patience = self.asked_at + self.grace_s()
        told: set[int] = set()
        give_up = patience + 30
        while time.monotonic() < give_up:
            self.reap()
            members = self.members()
            if not members:
                return
            for pid in members - told:
                send(pid, signal.SIGTERM)
            told |= members
            if time.monotonic() > patience or self.killed:
                for pid in members:
                    send(pid, signal.SIGKILL)
            self.pause()

    def members(self) -> set[int]:
        """Pids of what still runs of the job: below this process, or carrying its mark."""
        roots = {os.getpid()}
        if self.orphan and is_alive(self.orphan):
            roots.add(self.child)
        return family(roots, f"{MARKER}={self.spec.get('id')}", self.child) - {os.getpid()}

    def outcome(self, status: int, asked: str | None) -> Json:
        text = f"It did not end within {self.grace_s():g} s and was killed." if self.killed else None
        if asked == "terminated" and "SLURM_JOB_ID" in os.environ:
            text = "Slurm told it to end: its time was up, or somebody cancelled it."
        if not os.WIFSIGNALED(status):
            code, why = os.WEXITSTATUS(status), asked or "exited"
            said = self.refusal() if (code, why) == (REFUSED, "exited") else {}
            return {"code": code, "signal": None, "why": why, "text": text, **said}
        number = os.WTERMSIG(status)
        out_of_memory = number == signal.SIGKILL and not self.killed and oom_kills() > self.oom_kills
        why = asked or ("out-of-memory" if out_of_memory else "signaled")
        return {"code": 128 + number, "signal": signal_name(number), "why": why, "text": text}

    def refusal(self) -> Json:
        """What a script of ours left as its last word; no more than what is set aside for exit.json holds."""
        said = read_json(os.path.join(self.directory, "refusal.json"), MOST_REFUSAL_BYTES) or {}
        kinds = {"text": str, "says": str, "values": dict}
        return {name: said[name] for name, kind in kinds.items() if isinstance(said.get(name), kind)}
