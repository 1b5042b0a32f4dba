#!/usr/bin/env python3
"""Hands jobs to Slurm, and tells what became of them: the same job directories and answers as supervisor.py.

Runs on a node where sbatch, squeue and scancel are, with Python's standard library alone (3.8 or newer):

    python slurm.py start ROOT --sha256 HEX < jobs.json   # {"jobs": [spec, …]}; the same id twice is one job
    python slurm.py probe < request.json  # {"roots": [ROOT], "final": [ID], "tails": [{path, inode, offset}]}
    python slurm.py stop ROOT/ID [--grace 30]

Slurm runs `supervisor.py run DIRECTORY` on a node of its choice, so the job's own files say how it went, and Slurm is
asked only about jobs that have not ended by them. Three files are more than supervisor.py has:

    slurm.json      {"id", "cluster", "at"} once submitted; without an id before
    batch.sh        what Slurm runs; what it prints itself goes to slurm.log
    scheduler.json  the last that Slurm said of a job that left no exit.json, kept because Slurm forgets

What a job asks of Slurm is spec["slurm"]: {"gpus", "cpus": numbers, "time", "mem", "partition", "account": texts,
"extra": ["--option=value", …]}, each of which may be left out or null.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import time

if __name__ == "__main__":
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # -I leaves it out
    sys.dont_write_bytecode = True  # as supervisor.py says

import supervisor
from job_directory import lock_job, make_jobs, prepared_root, write_exit
from job_errors import Refused
from job_evidence import look, verdict
from job_files import Json, read_json, replace_file
from job_spec import read_specs
from slurm_queue import FINAL, SQUEUE_S, Unreachable, accounting, name_of, queue, records, remembered, run
from slurm_request import options, warning_s, wrong_requests

SUBMIT_S = 20.0
OVERDUE_S = 30.0
"""What has not ended this long after its grace is taken from its supervisor's hands."""


# ---------------------------------------------------------------- start


def command_start(args: argparse.Namespace) -> Json:
    """Makes the jobs' directories and submits each that Slurm does not have yet; harmless to repeat."""
    specs, root = read_specs(args.sha256), os.path.abspath(args.root)
    wrong = [name for spec in specs for name in wrong_requests(spec.get("slurm"))]
    if wrong:
        text = f"The job can't be submitted: Slurm is asked for what is not allowed here: {', '.join(wrong)}."
        raise Refused("bad-spec", text)
    with prepared_root(root):
        made = make_jobs(root, specs, is_busy, {"slurm.json": b'{"v": 1, "id": null}'})
        submit_all(root, specs, made)
    jobs = [look(os.path.join(root, spec["id"])) for spec in specs]
    add_scheduler(jobs)
    return {"jobs": jobs}


def is_busy(seen: Json) -> bool:
    """Whether a job may still write its output: by its files, or because Slurm still has it."""
    add_scheduler([seen])
    state = (seen.get("scheduler") or {}).get("state", "gone")
    return verdict(seen) == "alive" or (seen["exit"] is None and state not in ("gone", *FINAL))


def submit_all(root: str, specs: list[Json], made: set[str]) -> None:
    submitted: list[str] = []
    for number, spec in enumerate(specs):
        directory = os.path.join(root, spec["id"])
        if is_settled(directory):
            continue
        # The reply to an earlier try may have been lost: then Slurm has the job under its name.
        known = None if spec["id"] in made else submitted_before(spec["id"])
        try:
            words = f"{known['id']}" if known else sbatch(root, spec)
        except Refused as refusal:
            if refusal.code == "sbatch":
                give_up(root, specs[number:], str(refusal))
                for earlier in submitted:
                    request_stop(earlier, {"v": 1, "at": time.time(), "first": time.time()})
                    cancel_unstarted(earlier)
            raise
        job, _, cluster = words.partition(";")
        record = {"v": 1, "id": job, "cluster": cluster or None, "at": time.time()}
        replace_file(os.path.join(directory, "slurm.json"), json.dumps(record).encode())
        submitted.append(directory)


def is_settled(directory: str) -> bool:
    """Whether nothing is to be submitted: Slurm has it, or it has begun or ended."""
    began = any(os.path.lexists(os.path.join(directory, name)) for name in ("exit.json", "started.json"))
    return began or slurm_id(directory) is not None


def submitted_before(job: str) -> Json | None:
    """What Slurm has under the job's name. Refuses where it can't be asked, since a second job might come of that."""
    try:
        return records(queue()).get(name_of(job)) or records(accounting([name_of(job)])).get(name_of(job))
    except Unreachable as error:
        raise unreachable_refusal(str(error)) from error


def sbatch(root: str, spec: Json) -> str:
    """Submits the job; Slurm's id of it, with `;cluster` where there are several."""
    directory = os.path.join(root, spec["id"])
    script = os.path.join(directory, "batch.sh")
    replace_file(script, batch_script(directory))
    # A pattern (filename pattern, sbatch(1)), in which no path with a backslash can be written.
    log = os.devnull if "\\" in directory else os.path.join(directory, "slurm.log").replace("%", "%%")
    request = spec.get("slurm") or {}
    argv = [
        "sbatch", "--parsable", f"--job-name={name_of(spec['id'])}", f"--comment=earmark:{spec['id']}",
        f"--chdir={directory}", f"--output={log}", "--open-mode=append", "--no-requeue",
        f"--signal=B:TERM@{warning_s(spec)}", *options(request), *dependency(root, spec), script,
    ]  # fmt: skip
    try:
        return run(argv, SUBMIT_S).strip()
    except Unreachable as error:
        raise unreachable_refusal(str(error)) from error
    except subprocess.CalledProcessError as error:
        words = re.sub(r"(?m)^sbatch: (error: )?", "", error.stderr).strip().replace("\n", " ")
        raise Refused(
            "sbatch", f"Slurm refused the job: {words or f'sbatch ended with code {error.returncode}'}"
        ) from error


def batch_script(directory: str) -> bytes:
    own = os.path.abspath(supervisor.__file__)
    words = [sys.executable, *supervisor.PYTHON_FLAGS, own, "run", directory]
    return f"#!/bin/sh\nexec {' '.join(map(shlex.quote, words))}\n".encode("utf-8", "surrogateescape")


def dependency(root: str, spec: Json) -> list[str]:
    """After the jobs before it, however they end: the supervisor decides what follows from that, and writes it down."""
    before = [os.path.join(root, earlier["job"]) for earlier in spec.get("after", [])]
    numbers = [slurm_id(d) for d in before if not os.path.lexists(os.path.join(d, "exit.json"))]
    known = [number for number in numbers if number]
    return [f"--dependency=afterany:{':'.join(known)}"] if known else []


def give_up(root: str, specs: list[Json], words: str) -> None:
    """Writes down that the first was refused and that those after it will not come."""
    for number, spec in enumerate(specs):
        why = ("not-started", words) if number == 0 else ("skipped", "The job before it could not be submitted.")
        end_unstarted(os.path.join(root, spec["id"]), *why)


def end_unstarted(directory: str, why: str, text: str) -> None:
    """exit.json of a job that no supervisor has begun; nothing where one has."""
    lock = lock_job(directory)
    if lock is None:
        return
    try:
        if not any(os.path.lexists(os.path.join(directory, name)) for name in ("exit.json", "started.json")):
            write_exit(directory, {"code": None, "signal": None, "why": why, "text": text})
    finally:
        os.close(lock)


# ---------------------------------------------------------------- probe


def command_probe(args: argparse.Namespace) -> Json:
    """As supervisor.py's, and what Slurm says of each of its jobs that has not ended: one question for all."""
    answer = supervisor.command_probe(args)
    add_scheduler(answer["jobs"])
    return answer


def add_scheduler(jobs: list[Json]) -> None:
    """Gives each job of Slurm's without an end its `scheduler`: {id, state, reason, node, start, end}.

    `state` is Slurm's word, `unreachable` where it gives no answer (`reason` says why), or `gone` where it knows of no
    such job. Times are epoch seconds, or null. One that is over has `said` too: the last words in slurm.log, or null.
    """
    open_jobs = [seen for seen in jobs if seen.get("slurm") is not None and seen.get("exit") is None]
    if not open_jobs:
        return
    try:
        known = records(queue())
    except Unreachable as error:
        for seen in open_jobs:
            seen["scheduler"] = {"id": seen["slurm"].get("id"), "state": "unreachable", "reason": str(error)}
        return
    rest = [name_of(seen["id"]) for seen in open_jobs if name_of(seen["id"]) not in known]
    if rest:
        known = {**records(accounting(rest)), **known}
    for seen in open_jobs:
        directory = os.path.join(seen["root"], seen["id"])
        # What Slurm says is newer than the look: it may be the answer to a stop, or have ended, since then.
        for name in ("stop", "exit"):
            seen[name] = read_json(os.path.join(directory, f"{name}.json"))
        if seen["exit"] is None:
            gone = {"id": seen["slurm"].get("id"), "state": "gone", "reason": None}
            seen["scheduler"] = remembered(directory, known.get(name_of(seen["id"]))) or gone


def unreachable_refusal(words: str) -> Refused:
    text = f"Slurm gives no answer ({words}). Start again later: if the job did arrive, it is found and not doubled."
    return Refused("slurm-unreachable", text)


# ---------------------------------------------------------------- stop


def command_stop(args: argparse.Namespace) -> Json:
    """Takes a waiting job from the queue. A running one is asked by stop.json, then by signal, at last by Slurm."""
    directory = os.path.abspath(args.directory)
    seen = look(directory)
    orphaned = seen.get("alive") and seen.get("lock") != "held"  # its supervisor was killed, here, and Slurm left it
    if seen.get("missing") or seen["exit"] is not None or seen["slurm"] is None or orphaned:
        return supervisor.command_stop(args)
    asked = seen["stop"]
    request: Json = {"v": 1, "at": time.time(), "first": (asked or {}).get("first", time.time())}
    if args.grace is not None:
        request["grace_s"] = args.grace
    request_stop(directory, request)
    if not seen["started"]:
        cancel_unstarted(directory)
    elif asked is not None:
        overdue = time.time() > request["first"] + grace_of(request, seen["spec"] or {}) + OVERDUE_S
        scancel(directory, *(() if overdue else ("--batch", "--signal=TERM")))
    jobs = [look(directory)]
    add_scheduler(jobs)
    return {"jobs": jobs}


def request_stop(directory: str, request: Json) -> None:
    replace_file(os.path.join(directory, "stop.json"), json.dumps(request).encode())


def cancel_unstarted(directory: str) -> None:
    """Takes the job from the queue and writes its end; one that begins at this moment finds stop.json."""
    scancel(directory, "--state=PENDING")
    seen = look(directory)
    add_scheduler([seen])
    state = (seen.get("scheduler") or {}).get("state")
    if state == "gone" or state in FINAL:
        end_unstarted(directory, "stopped", "It was stopped before its command began.")


def grace_of(*records: Json) -> float:
    grace = next((r["grace_s"] for r in records if isinstance(r.get("grace_s"), (int, float))), 15)
    return float(grace)


def scancel(directory: str, *how: str) -> None:
    job, number = os.path.basename(directory), slurm_id(directory)
    try:
        record = None if number else records(queue()).get(name_of(job))
        if number or record:
            # By its name too: in a directory that somebody else made, the number may be that of another job.
            run(["scancel", f"--name={name_of(job)}", *how, str(number or record["id"])], SQUEUE_S)
    except (Unreachable, subprocess.CalledProcessError):
        pass  # stop.json is there: what begins or runs obeys it, and what is over needs no cancelling


def slurm_id(directory: str) -> str | None:
    number = (read_json(os.path.join(directory, "slurm.json")) or {}).get("id")
    return number if isinstance(number, str) and re.fullmatch(r"\d+", number) else None


# ---------------------------------------------------------------- command line


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    supervisor.add_framed_verbs(parser.add_subparsers(dest="verb", required=True))
    return parser


def main(args: argparse.Namespace) -> int:
    return supervisor.answer(args, {"start": command_start, "probe": command_probe, "stop": command_stop})


if __name__ == "__main__":
    sys.exit(main(make_parser().parse_args()))
