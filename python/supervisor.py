#!/usr/bin/env python3
"""Runs jobs so that they outlive whoever started them, and tells what became of them.

A job is a directory, `ROOT/ID/`. Its files are the only truth; no state is stored:

    spec.json     what to run; complete when the directory appears, never changed
    cmd.sh        the same command, to read or to run by hand
    lock          held by the supervisor for its whole life
    heartbeat     "epoch-seconds host", rewritten every few seconds
    started.json  supervisor and command by pid and start time, boot, host; a job that has it never runs again
    out.log       what the command prints, written by the command itself
    stop.json     a request to stop; nobody but the supervisor signals anything
    exit.json     how it ended; written last, into space reserved at the start
    slurm.json    there for a job that slurm.py hands to Slurm; holds Slurm's id of it once it has one

Jobs whose spec has `gpus`, a number, wait until so many GPUs of this host are theirs. A GPU is taken while somebody
holds the lock of a file in ~/.local/state/earmark/gpus; supervisor and command hold it both, so it is free as soon as
nothing of the job is left, and there is nothing to tidy up. Of one ROOT the first in the queue goes first: in the order
of ROOT/queue.json, then as they came.

Runs on the host of the job with Python's standard library alone (3.8 or newer; Linux, macOS):

    python supervisor.py start ROOT --sha256 HEX < jobs.json   # {"jobs": [spec, …]}; the same id twice is one job
    python supervisor.py probe < request.json  # {"roots": [ROOT], "final": [ID], "tails": [{path, inode, offset}]}
    python supervisor.py stop ROOT/ID [--grace 30]
    python supervisor.py move ROOT/ID --before ID2 | --first | --last      # in the queue
    python supervisor.py attach ROOT/ID                        # Ctrl-C ends the view, not the job
    python supervisor.py run ROOT/ID                           # in the foreground, as a batch system would

start, probe, stop and move print one JSON object between two lines that carry the --frame word, so that what a login
shell prints around it does no harm. On macOS there is no child subreaper: a worker that left both its parent and its
process group is not found there.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import json
import os
import re
import select
import shutil
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import NoReturn

Json = dict  # of what JSON can hold, by name

JOB_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
MARKER = "EARMARK_JOB"
PYTHON_FLAGS = ("-I", "-S", "-X", "utf8")
"""Nothing of the person's own Python set-up has a say here, and starting takes a hundredth of a second."""
TICK_S = 0.5
HEARTBEAT_S = 2.0
LOCK_WAIT_S = 5.0
LEFTOVERS_S = 5.0
"""What the command left running when it ended gets this long between SIGTERM and SIGKILL."""
NEVER_STARTED_S = 60.0
SHARED_FILES_S = 60.0
"""What one node writes, another may see this much later (acdirmax, nfs(5))."""
HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
"""From the system or the batch system: the job is to end, with its grace."""
RESERVE_BYTES = 4096
MAX_RECORD_BYTES = 64 * 1024
MAX_SPEC_BYTES = 1024 * 1024
LOG_HEAD_BYTES = 8 * 1024 * 1024
LOG_TAIL_BYTES = 64 * 1024 * 1024
VIEW_BYTES = 256 * 1024
TAIL_BYTES = 256 * 1024
TAILS_BYTES = 1024 * 1024
QUEUE = "queue.json"
MACHINE = "machine"
"""What jobs of a host without GPUs wait for: one at a time."""
GPU_TIMEOUT_S = 20.0
"""nvidia-smi wakes GPUs that sleep, one after the other."""
PASSING = ("disk", "disk-full")
"""Refusals that a job which waits has time to see the end of."""
INODE_MODULUS = 2**53
"""Askers may hold numbers as doubles: an inode is told less what those can't hold."""


class Refused(Exception):
    """Not done, and why: a stable word for programs, a sentence for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


# ---------------------------------------------------------------- start


def command_start(args: argparse.Namespace) -> Json:
    """Makes the jobs' directories and starts a supervisor for each; harmless to repeat."""
    specs, root = read_specs(args.sha256), os.path.abspath(args.root)
    with prepared_root(root):
        make_jobs(root, specs, lambda seen: verdict(seen) == "alive")
    for spec in specs:
        launch(os.path.join(root, spec["id"]), "run")
    return {"jobs": with_places([look(os.path.join(root, spec["id"])) for spec in specs])}


def read_specs(sha256: str) -> list[Json]:
    """The jobs to start, from standard input; refused unless all of them have arrived as they were sent."""
    import hashlib

    payload = sys.stdin.buffer.read(MAX_SPEC_BYTES + 1)
    if len(payload) > MAX_SPEC_BYTES:
        raise Refused("too-large", "The description of the job is larger than 1 MB. Put long texts into files.")
    if hashlib.sha256(payload).hexdigest() != sha256:
        raise Refused("cut", "The request arrived incomplete. Nothing was started; send it again.")
    return parse_specs(payload)


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


def parse_specs(payload: bytes) -> list[Json]:
    try:
        specs = json.loads(payload)["jobs"]
        wrong = [name for spec in specs for name in wrong_fields(spec)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Refused("bad-spec", 'The request is not of the form {"jobs": [{…}, …]}.') from error
    if wrong:
        text = f"The job can't be started: wrong or missing in its description: {', '.join(wrong)}."
        raise Refused("bad-spec", text)
    return specs


def wrong_fields(spec: Json) -> Iterator[str]:
    """Names of what could not be run as it is meant. Clients check before; this is for whoever writes by hand."""

    def is_argument(value: object) -> bool:
        return isinstance(value, str) and "\0" not in value

    def is_text(value: object) -> bool:
        return is_argument(value) and value != ""

    if not is_text(spec.get("id")) or not JOB_ID.fullmatch(spec["id"]):
        yield "id"
    if not is_text(spec.get("cwd")) or not os.path.isabs(spec["cwd"]):
        yield "cwd"
    argv, env, after = spec.get("argv"), spec.get("env", {}), spec.get("after", [])
    if not isinstance(argv, list) or not argv or not is_text(argv[0]) or not all(map(is_argument, argv)):
        yield "argv"
    names = re.compile("[A-Za-z_][A-Za-z0-9_]*")
    if not all(names.fullmatch(name) and is_argument(value) for name, value in env.items()):
        yield "env"
    if spec.get("output") is not None and not is_text(spec["output"]):
        yield "output"
    if spec.get("gpus") is not None and not (type(spec["gpus"]) is int and 1 <= spec["gpus"] <= 64):
        yield "gpus"
    if not all(is_text(earlier["job"]) and JOB_ID.fullmatch(earlier["job"]) for earlier in after):
        yield "after"


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


def make_private(folder: str) -> None:
    """Makes a folder that nobody else may write to, or sees that it is one."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    facts = os.lstat(folder)
    if stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and facts.st_mode & 0o022:
        os.chmod(folder, 0o700)
        facts = os.lstat(folder)
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
        raise Refused(
            "unsafe-root",
            f"{folder} belongs to another user, is a link, or others may write to it: they could change what is run. "
            "Remove it, or start from a folder of your own.",
        )


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


def disk_refusal(error: OSError, path: str) -> Refused:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Refused("disk-full", f"The disk (or its table of files) of {path} is full. Free some space first.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return Refused("not-writable", f"{path} may not be written to. Change its permissions or take another folder.")
    if error.errno in (errno.ENOLCK, errno.ENOTSUP):
        return Refused("no-locks", f"The file system of {path} has no file locks. Start from a folder on a local disk.")
    return Refused("disk", f"{path} can't be used: {error.strerror or error}.")


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


def script(spec: Json) -> bytes:
    import shlex

    exports = [f"export {name}={shlex.quote(value)}" for name, value in sorted(spec.get("env", {}).items())]
    command = " ".join(map(shlex.quote, spec["argv"]))
    lines = ["#!/bin/sh", f"cd {shlex.quote(spec['cwd'])} || exit", *exports, f"exec {command}", ""]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def launch(directory: str, command: str) -> None:
    """Starts a supervisor in a session of its own; returns when it has begun, or found that there is nothing to do."""
    import subprocess

    ready, tell = os.pipe()
    env = {name: value for name, value in os.environ.items() if name != MARKER}
    try:
        with open(os.path.join(directory, "supervisor.log"), "ab", opener=private) as log:
            subprocess.Popen(
                [sys.executable, *PYTHON_FLAGS, os.path.abspath(__file__), command, directory, "--ready", str(tell)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                cwd="/", env=env, pass_fds=[tell], start_new_session=True,
            )  # fmt: skip
        os.close(tell)
        select.select([ready], [], [], LOCK_WAIT_S + 5)
    finally:
        os.close(ready)


# ---------------------------------------------------------------- run: the supervisor


class Supervisor:
    """Owns one job: holds its lock, runs its command, obeys stop.json, and writes how it ended."""

    def __init__(self, directory: str, ready: int | None) -> None:
        self.directory = os.path.abspath(directory)
        self.spec: Json = read_json(self.path("spec.json"), MAX_SPEC_BYTES) or {}
        self.ready = ready
        if ready is not None:
            os.set_inheritable(ready, False)
        self.child = 0
        self.gpus: dict[str, int] = {}
        """GPUs that are the job's, and the locks that say so: held for life, by the command too."""
        self.orphan: Json | None = None
        """started.json of the job, where this process only ends what another supervisor began."""
        self.status: int | None = None
        self.oom_kills = 0
        self.asked: str | None = None
        """Why it is to end, once anybody asked: stopped or terminated."""
        self.asked_at = 0.0
        self.killed = False
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

    def lock(self) -> bool:
        return lock_job(self.directory) is not None

    def tell_ready(self) -> None:
        if self.ready is not None:
            os.close(self.ready)
            self.ready = None

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
            return {"code": os.WEXITSTATUS(status), "signal": None, "why": asked or "exited", "text": text}
        number = os.WTERMSIG(status)
        out_of_memory = number == signal.SIGKILL and not self.killed and oom_kills() > self.oom_kills
        why = asked or ("out-of-memory" if out_of_memory else "signaled")
        return {"code": 128 + number, "signal": signal_name(number), "why": why, "text": text}

    def finish(self, ended: Json) -> None:
        """Never gives up: while the lock is held, nobody takes the job for lost."""
        while os.path.isdir(self.directory):  # else it was deleted, with all that could be told
            with suppress(OSError):
                write_exit(self.directory, ended)
                break
            time.sleep(TICK_S)
        self.tell_ready()


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


def become_command(spec: Json, directory: str, gpus: dict[str, int], go: int, report: int, log: int) -> NoReturn:
    """In the forked child: waits for the word, then becomes the command. Never returns."""
    step = "The command"
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (*HANDLED, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if not os.read(go, 1):
            os._exit(125)  # the supervisor died before it could tell that this began
        step = f"The folder {spec['cwd']}"
        os.chdir(spec["cwd"])
        step = f"The program {spec['argv'][0]}"
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        for lock in gpus.values():
            os.set_inheritable(lock, True)
        os.execvpe(spec["argv"][0], spec["argv"], environment(spec, directory, list(gpus)))
    except BaseException as error:
        reason = getattr(error, "strerror", None) or str(error)
        os.write(report, f"{step} can't be used: {reason}.".encode("utf-8", "replace"))
    os._exit(127)


def environment(spec: Json, directory: str, gpus: list[str]) -> dict[str, str]:
    """The host's own, less what the editor left in it. Output is unbuffered, wide and coloured as on a terminal."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("VSCODE_", "ELECTRON_", "EARMARK_"))}
    screen = {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1", "COLUMNS": "100", "LINES": "30", "FORCE_COLOR": "1"}
    job = {MARKER: spec["id"], "EARMARK_JOB_DIR": directory}
    own = {} if gpus in ([], [MACHINE]) else {"CUDA_VISIBLE_DEVICES": ",".join(gpus)}
    return {**kept, **screen, "PATH": search_path(spec["argv"][0]), **spec.get("env", {}), **own, **job}


def search_path(program: str) -> str:
    """PATH; where `program` belongs to an environment of venv or conda, that one's programs first, as if activated."""
    path, folder = os.environ.get("PATH", os.defpath), os.path.dirname(program)
    signs = (os.path.join(os.path.dirname(folder), name) for name in ("pyvenv.cfg", "conda-meta"))
    return folder + os.pathsep + path if os.path.isabs(program) and any(map(os.path.exists, signs)) else path


# ---------------------------------------------------------------- queue


def gpu_slots() -> list[str] | None:
    """What jobs wait for here: GPUs by UUID, less what CUDA_VISIBLE_DEVICES hides. None where that is not known yet."""
    every = list_gpus()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if every is None:
        return None
    if named is None:
        return every or [MACHINE]
    found: list[str] = []
    for word in map(str.strip, named.split(",")):
        gpu = next((gpu for at, gpu in enumerate(every) if word == str(at) or (word and gpu.startswith(word))), None)
        if gpu is None:
            break  # as CUDA does
        found.append(gpu)
    return found or [MACHINE]


def list_gpus() -> list[str] | None:
    """UUIDs in the order of nvidia-smi; of a GPU that is split, its instances. None where there is no answer now."""
    import subprocess

    # Containers and WSL keep it elsewhere; a shell without login may not look there.
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/nvidia/bin", "/usr/lib/wsl/lib"])
    program = shutil.which("nvidia-smi", path=places)
    if program is None:
        return []
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        told = subprocess.run([program, "-L"], **pipes, timeout=GPU_TIMEOUT_S, check=False).stdout
    except subprocess.TimeoutExpired:
        return None
    except OSError:
        return []
    gpus: list[str] = []
    for uuid in re.findall(r"\(UUID: ((?:GPU|MIG)-[\w/-]+)\)", told.decode("utf-8", "replace")):
        if uuid.startswith("MIG") and gpus and gpus[-1].startswith("GPU"):
            gpus.pop()
        gpus.append(uuid)
    return gpus


def lock_folder() -> str:
    """Of this user alone, and the same for each of their sessions: at home, which outlives them all."""
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = os.path.join(state if os.path.isabs(state) else os.path.expanduser("~/.local/state"), "earmark", "gpus")
    try:
        make_private(folder)
    except OSError as error:
        raise disk_refusal(error, folder) from error
    return folder


def take_locks(folder: str, slots: list[str], wanted: int) -> dict[str, int]:
    """Locks of so many of the slots; none of them where not enough are free."""
    taken: dict[str, int] = {}
    for slot in slots:
        # A UUID is one GPU wherever it is seen from; "machine" is another one on each host of a shared home.
        name = re.sub(r"[^\w.-]", "_", socket.gethostname() if slot == MACHINE else slot)
        lock = os.open(os.path.join(folder, f"{name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        taken[slot] = lock
        if len(taken) == wanted:
            return taken
    for lock in taken.values():
        os.close(lock)
    return {}


def first_in_line(root: str) -> str | None:
    """The job that gets the next GPU: one that waits for other jobs lets those behind it pass."""
    return next((seen["id"] for seen in waiting(root) if not waits_for_jobs(seen)), None)


def waiting(root: str) -> Iterator[Json]:
    """A look at each job that is to have GPUs of this host and has not begun, in the order of the queue."""
    order = (read_json(os.path.join(root, QUEUE), MAX_SPEC_BYTES) or {}).get("order")
    words = [word for word in order if isinstance(word, str)] if isinstance(order, list) else []
    place = {word: at for at, word in reversed(list(enumerate(words)))}
    names = filter(JOB_ID.fullmatch, os.listdir(root))
    for name in sorted(names, key=lambda name: (place.get(name, len(words)), name)):
        begun = (os.path.lexists(os.path.join(root, name, file)) for file in ("exit.json", "started.json"))
        seen = None if any(begun) else look(os.path.join(root, name))
        if seen and waits_for_gpus(seen):
            yield seen


def waits_for_gpus(seen: Json) -> bool:
    """Whether a job is to have GPUs of this host and has not begun; also one that waits for others before."""
    spec = seen.get("spec")
    if not spec or verdict(seen) != "alive" or seen["started"] or not seen["here"]:
        return False
    try:
        return spec.get("gpus") is not None and not any(wrong_fields(spec))
    except (TypeError, KeyError, AttributeError):
        return False


def waits_for_jobs(seen: Json) -> bool:
    before = (look(os.path.join(seen["root"], earlier["job"])) for earlier in seen["spec"].get("after", []))
    return any(verdict(one) in ("alive", "unknown") for one in before)


def with_places(jobs: list[Json]) -> list[Json]:
    """The same, and of each that is in the queue `queue`: its place, and whether it is ready but for a GPU."""
    for root in {seen["root"] for seen in jobs if waits_for_gpus(seen)}:
        line: list[str] = []
        with suppress(OSError):  # a folder that is gone by now says nothing of places
            line = [seen["id"] for seen in waiting(root)]
        for seen in jobs:
            if seen["root"] == root and seen["id"] in line and waits_for_gpus(seen):
                seen["queue"] = {"place": line.index(seen["id"]) + 1, "ready": not waits_for_jobs(seen)}
    return jobs


def command_move(args: argparse.Namespace) -> Json:
    """Puts a job elsewhere in the queue; says of all that wait where they are now."""
    root, job = os.path.split(os.path.abspath(args.directory))
    if not os.path.isdir(root):
        raise Refused("missing", f"There is no such job any more: {args.directory}.")
    with root_lock(root):
        line = [seen["id"] for seen in waiting(root)]
        rest = [name for name in line if name != job]
        if rest == line or (args.before and args.before not in rest):
            raise Refused("not-waiting", "It waits no more: it has begun or ended. Look at the jobs again.")
        at = rest.index(args.before) if args.before else 0 if args.first else len(rest)
        order = [*rest[:at], job, *rest[at:]]
        replace_file(os.path.join(root, QUEUE), json.dumps({"v": 1, "order": order}).encode())
        return {"jobs": with_places(list(waiting(root)))}


# ---------------------------------------------------------------- probe and stop


def command_probe(_: argparse.Namespace) -> Json:
    """Evidence about every job below the roots, in one call; of jobs that are final for the asker only their ids."""
    request = probe_request()
    final = set(request["final"])
    jobs: list[Json] = []
    problems: list[Json] = []
    for root in request["roots"]:
        try:
            names = sorted(name for name in os.listdir(root) if JOB_ID.fullmatch(name))
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append({"root": root, "text": str(error)})
            continue
        jobs += [{"id": name, "root": root} if name in final else look(os.path.join(root, name)) for name in names]
    tails = list(read_tails(request["tails"]))
    with_places(jobs)
    return {"now": time.time(), "host": socket.gethostname(), "jobs": jobs, "problems": problems, "tails": tails}


def probe_request() -> Json:
    """What is asked, on standard input; refused where it is of another form."""
    try:
        request = json.loads(sys.stdin.buffer.read(4 * MAX_SPEC_BYTES) or b"{}")
        lists = {name: list(request.get(name) or []) for name in ("roots", "final", "tails")}
        texts = all(isinstance(text, str) for text in (*lists["roots"], *lists["final"]))
        if not texts or not all(isinstance(t["path"], str) and isinstance(t["offset"], int) for t in lists["tails"]):
            raise TypeError("not of their types")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        form = '{"roots": […], "final": […], "tails": […]}'
        raise Refused("bad-request", f"The request is not of the form {form}.") from error
    return lists


def read_tails(wanted: list[Json]) -> Iterator[Json]:
    """What growing files hold beyond `offset`, byte for byte: whole lines, at most 256 KiB a file and 1 MiB in all.

    From the beginning where the file has another `inode` than the asker knows or is shorter than its `offset`. What
    is no plain file at an absolute path is left out.
    """
    import base64

    room = TAILS_BYTES
    for known in filter(lambda tail: os.path.isabs(tail["path"]), wanted):
        try:
            fd = os.open(known["path"], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (OSError, ValueError):
            continue
        try:
            facts = os.fstat(fd)
            inode, offset = facts.st_ino % INODE_MODULUS, known["offset"]
            if known.get("inode") != inode or not 0 <= offset <= facts.st_size:
                offset = 0
            data = whole_lines(os.pread(fd, min(room, TAIL_BYTES), offset)) if stat.S_ISREG(facts.st_mode) else None
        except OSError:
            continue
        finally:
            os.close(fd)
        if data is None:
            continue
        room -= len(data)
        text = base64.b64encode(data).decode("ascii")
        yield {"path": known["path"], "inode": inode, "size": facts.st_size, "offset": offset, "base64": text}


def whole_lines(data: bytes) -> bytes:
    """Without a last line that has no end yet, unless it is too long to be told in one piece."""
    return data if len(data) == TAIL_BYTES and b"\n" not in data else data[: data.rfind(b"\n") + 1]


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


def command_stop(args: argparse.Namespace) -> Json:
    directory = os.path.abspath(args.directory)
    seen = look(directory)
    if seen.get("missing"):
        raise Refused("missing", f"There is no such job any more: {directory}.")
    if seen["exit"] is None:
        request: Json = {"v": 1, "at": time.time()}
        if args.grace is not None:
            request["grace_s"] = args.grace
        try:
            replace_file(os.path.join(directory, "stop.json"), json.dumps(request).encode())
        except OSError as error:
            raise disk_refusal(error, directory) from error
        if seen["lock"] != "held" and seen.get("alive"):
            launch(directory, "end")
    return {"jobs": with_places([look(directory)])}


# ---------------------------------------------------------------- attach: the viewer


def command_attach(args: argparse.Namespace) -> int:
    """Shows the log as it grows. Ends with the job's exit code, 130 on Ctrl-C, 125 when the end is not known."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # both may have been ignored by whoever started this
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    directory = os.path.abspath(args.directory)
    seen = look(directory)
    if seen.get("missing"):
        print(f"There is no such job any more: {directory}", file=sys.stderr)
        return 125
    title = plain(str((seen.get("spec") or {}).get("title", seen["id"])))
    say(f"{title}. Ctrl-C or closing this terminal ends only the view.")
    try:
        view = LogView(os.path.join(directory, "out.log"), args.all)
    except OSError as error:
        print(f"The log can't be read: {error}", file=sys.stderr)
        return 125
    try:
        waited = None
        while True:
            over = verdict(seen) not in ("alive", "unknown")
            if view.show():
                continue
            if over:
                break
            waits = None if seen["started"] else waiting_words(seen)
            if waits and waits != waited:
                say(waits)
                waited = waits
            time.sleep(0.1)
            seen = look(directory)
        view.finish()
        say(closing_words(title, seen))
        if sys.stdin.isatty():
            say("Enter closes this view.")
            sys.stdin.readline()
    except KeyboardInterrupt:
        say("View closed." if verdict(seen) == "ended" else "View closed; the job goes on.")
        return 130
    code = (seen["exit"] or {}).get("code")
    return code if isinstance(code, int) else 125


def waiting_words(seen: Json) -> str | None:
    """What a job that has not begun waits for; None where it is just beginning."""
    queue = with_places([seen])[0].get("queue")
    if queue and queue["ready"]:
        return f"Waiting for a free GPU: place {queue['place']} in the queue."
    if seen["spec"] and seen["spec"].get("after"):
        return "Waiting for the job before it to end."
    return "Waiting until Slurm starts it." if seen.get("slurm") else None


class LogView:
    """Follows one log file, from near its end, through replacement and truncation."""

    def __init__(self, path: str, whole: bool) -> None:
        import codecs

        self.path = path
        self.fd = -1
        self.rest = ""
        self.line_open = False
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.open()
        if not whole and os.fstat(self.fd).st_size > VIEW_BYTES:
            os.lseek(self.fd, -VIEW_BYTES, os.SEEK_END)
            say(f"Earlier output is in {path}.")

    def open(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)

    def show(self) -> bool:
        """Writes what is new, at most a chunk. False when there was nothing."""
        data = os.read(self.fd, 64 * 1024)
        if data:
            shown, self.rest = clean(self.rest + self.decoder.decode(data))
            write_out(shown)
            self.line_open = not shown.endswith("\n") if shown else self.line_open
            return True
        mine = os.fstat(self.fd)
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            return False
        if now.st_ino == mine.st_ino and os.lseek(self.fd, 0, os.SEEK_CUR) <= mine.st_size:
            return False
        say("The log was replaced; it goes on from its beginning.")
        self.open()
        return True

    def finish(self) -> None:
        write_out(plain(self.rest) + "\x1b[0m" + ("\n" if self.line_open else ""))


SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|[ -/]*[0-OQ-WYZ`-~])")
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\x9c]{0,4096}\x1b?|[ -/]*)\Z")
HARMLESS = re.compile(r"\x1b\[(?:[0-9;:]*m|[0-2]?K)")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def clean(text: str) -> tuple[str, str]:
    """Keeps words, colours and bars; drops what moves elsewhere, sets titles, links or the clipboard, or asks back.

    Returns what to show and a last sequence that is not finished yet.
    """
    shown: list[str] = []
    at = 0
    while True:
        escape = text.find("\x1b", at)
        shown.append(plain(text[at:escape] if escape >= 0 else text[at:]))
        if escape < 0:
            return "".join(shown), ""
        match = SEQUENCE.match(text, escape)
        if match:
            shown.append(match.group() if HARMLESS.fullmatch(match.group()) else "")
        elif UNFINISHED.match(text, escape):
            return "".join(shown), text[escape:]
        at = match.end() if match else escape + 1


def plain(text: str) -> str:
    return CONTROL.sub("", text)


def closing_words(title: str, seen: Json) -> str:
    ended = seen.get("exit")
    if ended is None:
        return f"{title} is lost: its supervisor is gone, and how it ended is not known."
    code, why = ended.get("code"), ended.get("why")
    words = {
        "exited": "is complete" if code == 0 else f"ended with exit code {code}; the lines above say why",
        "signaled": f"was killed from outside ({ended.get('signal')})",
        "out-of-memory": "was killed because the machine ran out of memory",
        "stopped": "was stopped on request",
        "terminated": "was ended by the system",
        "skipped": "was not started",
        "not-started": "could not be started",
    }.get(str(why), "ended")
    text = ended.get("text")
    return f"{title} {words}.{' ' + plain(str(text)) if text else ''}"


def say(text: str) -> None:
    colours = ("\x1b[2m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    write_out(f"{colours[0]}[earmark] {text}{colours[1]}\n")


def write_out(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


# ---------------------------------------------------------------- processes


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


# ---------------------------------------------------------------- files


def read_file(path: str, limit: int) -> bytes | None:
    """At most `limit` bytes of a plain file; None when there is none. Goes through no link, waits for no pipe."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.read(fd, limit) if stat.S_ISREG(os.fstat(fd).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(fd)


def read_json(path: str, limit: int = MAX_RECORD_BYTES) -> Json | None:
    """The file's object; an empty one when it is there and holds something else; None when it is not there."""
    data = read_file(path, limit)
    if data is None:
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def write_file(path: str, content: bytes) -> None:
    with open(path, "wb", opener=private) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: str, content: bytes, sync: bool = True) -> None:
    """Readers see the old file or the new one, never a part."""
    new = f"{path}.{os.getpid()}.new"
    try:
        with open(new, "wb", opener=private) as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.rename(new, path)
    except OSError:
        if os.path.lexists(new):
            os.unlink(new)
        raise
    if sync:
        sync_folder(os.path.dirname(path))


def sync_folder(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError:
        pass  # not every file system can
    finally:
        os.close(fd)


def size_of(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def mtime_of(path: str) -> float:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return time.time()


def bound_log(path: str) -> None:
    """Gives the middle of a runaway log back to the disk. Offsets stay true. Linux only: fallocate(2)."""
    size = size_of(path)
    if sys.platform != "linux" or size < LOG_HEAD_BYTES + 2 * LOG_TAIL_BYTES:
        return
    if os.lstat(path).st_blocks * 512 < LOG_HEAD_BYTES + 2 * LOG_TAIL_BYTES:
        return
    import ctypes

    keep_size, punch_hole = 1, 2
    length = (size - LOG_HEAD_BYTES - LOG_TAIL_BYTES) // RESERVE_BYTES * RESERVE_BYTES
    fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
    try:
        ctypes.CDLL(None).fallocate(fd, keep_size | punch_hole, ctypes.c_int64(LOG_HEAD_BYTES), ctypes.c_int64(length))
    finally:
        os.close(fd)


# ---------------------------------------------------------------- command line


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    add_framed_verbs(verbs)
    move = verbs.add_parser("move")
    move.add_argument("--frame", default="", help="word that the answer is put between")
    move.add_argument("directory")
    to = move.add_mutually_exclusive_group(required=True)
    to.add_argument("--before", metavar="ID", help="job of the same ROOT that waits too")
    to.add_argument("--first", action="store_true")
    to.add_argument("--last", action="store_true")
    for verb in ("attach", "run", "end"):
        sub = verbs.add_parser(verb)
        sub.add_argument("directory")
        if verb == "attach":
            sub.add_argument("--all", action="store_true", help="from the beginning of the log")
        else:
            sub.add_argument("--ready", type=int, help=argparse.SUPPRESS)
    return parser


def add_framed_verbs(verbs: argparse._SubParsersAction) -> None:
    """start, probe and stop, as every way to run jobs has them."""
    for verb in ("start", "probe", "stop"):
        sub = verbs.add_parser(verb)
        sub.add_argument("--frame", default="", help="word that the answer is put between")
        if verb == "start":
            sub.add_argument("root")
            sub.add_argument("--sha256", required=True, help="of the bytes on standard input")
        elif verb == "stop":
            sub.add_argument("directory")
            sub.add_argument("--grace", type=float, help="seconds between SIGTERM and SIGKILL")


def main(args: argparse.Namespace) -> int:
    if args.verb == "attach":
        return command_attach(args)
    if args.verb == "run":
        return Supervisor(args.directory, args.ready).run()
    if args.verb == "end":
        return Supervisor(args.directory, args.ready).end_orphan()
    commands = {"start": command_start, "probe": command_probe, "stop": command_stop, "move": command_move}
    return answer(args, commands)


def answer(args: argparse.Namespace, commands: dict[str, Callable[[argparse.Namespace], Json]]) -> int:
    """Prints what the command of that verb says, or why it is refused, between the lines of the frame."""
    try:
        said = {"v": 1, "ok": True, **commands[args.verb](args)}
    except Refused as refusal:
        said = {"v": 1, "ok": False, "error": refusal.code, "text": str(refusal)}
    except OSError as error:
        refusal = disk_refusal(error, error.filename or "The job directory")
        said = {"v": 1, "ok": False, "error": refusal.code, "text": str(refusal)}
    print(f"EARMARK-{args.frame}\n{json.dumps(said)}\nEND-{args.frame}", flush=True)
    return 0 if said["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(make_parser().parse_args()))
