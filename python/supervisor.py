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
    refusal.json  why a script of ours ended with code 2 (errors.py); goes into exit.json
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

Here are the verbs. What they are made of, from the ground up; each imports only what stands above it:

    job_errors     why something is not done, in a word and a sentence
    job_files      reading what others may have written; writing whole files that are their owner's alone
    job_processes  which processes a job has, whether one is still the same, what killed it
    job_spec       spec.json: checked, and as cmd.sh
    job_evidence   a look at a job, and the state that follows from it
    job_directory  ROOT and the directories in it: made, locked, given their exit.json
    job_gpus       GPUs of this host and their locks
    job_queue      who waits for GPUs, in which order
    job_tails      what files have grown by
    job_viewer     attach
    job_holder     holding a job: lock, heartbeat, requests to stop
    job_command    from a fork to the job's own program
    job_run        run: the supervisor
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import sys
import time
from collections.abc import Callable

if __name__ == "__main__":
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # -I leaves it out
    # Where the disk is full, Python leaves half a file of bytecode, and no later start gets past it.
    sys.dont_write_bytecode = True

from job_directory import LOCK_WAIT_S, make_jobs, prepared_root
from job_errors import Refused, disk_refusal
from job_evidence import look, verdict
from job_files import Json, private, replace_file
from job_processes import MARKER
from job_queue import reorder, with_places
from job_spec import JOB_ID, MAX_SPEC_BYTES, read_specs
from job_tails import read_tails

PYTHON_FLAGS = ("-I", "-S", "-X", "utf8")
"""Nothing of the person's own Python set-up has a say here, and starting takes a hundredth of a second."""


def command_start(args: argparse.Namespace) -> Json:
    """Makes the jobs' directories and starts a supervisor for each; harmless to repeat."""
    specs, root = read_specs(args.sha256), os.path.abspath(args.root)
    with prepared_root(root):
        make_jobs(root, specs, lambda seen: verdict(seen) == "alive")
    for spec in specs:
        launch(os.path.join(root, spec["id"]), "run")
    return {"jobs": with_places([look(os.path.join(root, spec["id"])) for spec in specs])}


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


def command_move(args: argparse.Namespace) -> Json:
    """Puts a job elsewhere in the queue; says of all that wait where they are now."""
    root, job = os.path.split(os.path.abspath(args.directory))
    if not os.path.isdir(root):
        raise Refused("missing", f"There is no such job any more: {args.directory}.")
    return {"jobs": reorder(root, job, args.before, args.first)}


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
        from job_viewer import attach

        return attach(os.path.abspath(args.directory), args.all)
    if args.verb in ("run", "end"):
        from job_run import Supervisor  # not above: all other verbs, probe first of all, start faster without

        supervisor = Supervisor(args.directory, args.ready)
        return supervisor.run() if args.verb == "run" else supervisor.end_orphan()
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
