"""The order of the jobs that wait for GPUs: that of ROOT/queue.json, then as they came."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress

from job_directory import root_lock
from job_errors import Refused
from job_evidence import look, verdict
from job_files import Json, read_json, replace_file
from job_spec import JOB_ID, MAX_SPEC_BYTES, wrong_fields

QUEUE = "queue.json"


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


def reorder(root: str, job: str, before: str | None, first: bool) -> list[Json]:
    """Puts a job in front of another, first, or last; a look at all that wait, where they are now."""
    with root_lock(root):
        line = [seen["id"] for seen in waiting(root)]
        rest = [name for name in line if name != job]
        if rest == line or (before and before not in rest):
            raise Refused("not-waiting", "It waits no more: it has begun or ended. Look at the jobs again.")
        at = rest.index(before) if before else 0 if first else len(rest)
        order = [*rest[:at], job, *rest[at:]]
        replace_file(os.path.join(root, QUEUE), json.dumps({"v": 1, "order": order}).encode())
        return with_places(list(waiting(root)))
