"""What a job asks of Slurm, spec["slurm"], as options of sbatch; only such as say where and when it runs.

{"gpus", "cpus": numbers, "time", "mem", "partition", "account": texts, "extra": ["--option=value", …]}; each may be
left out or null.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

Json = dict  # of what JSON can hold, by name

EXTRA = {
    "begin", "constraint", "cpus-per-gpu", "deadline", "exclude", "exclusive", "gpus", "gpus-per-node", "gres",
    "gres-flags", "hint", "licenses", "mail-type", "mail-user", "mem-per-cpu", "mem-per-gpu", "nice", "nodelist",
    "prefer", "priority", "qos", "reservation", "tmp", "wckey",
}  # fmt: skip
"""None changes what is run, as whom, or with what."""
VALUE = r"[A-Za-z0-9_@%+:,./*&|()\[\]!=-]*"
FORMS = {
    "time": r"\d{1,9}|\d+:\d\d|\d+:\d\d:\d\d|\d+-\d+(:\d\d){0,2}",
    "mem": r"\d+[KMGT]?",
    "partition": r"[A-Za-z0-9_.][A-Za-z0-9_.,-]*",
    "account": r"[A-Za-z0-9_.][A-Za-z0-9_.-]*",
}
MOST = {"gpus": 1024, "cpus": 4096}
SIGNAL_EARLY_S = 60
"""How much earlier than asked for Slurm may send the signal (--signal, sbatch(1))."""


def options(request: Json) -> Iterator[str]:
    if request.get("gpus"):
        yield f"--gres=gpu:{request['gpus']}"
    if request.get("cpus"):
        yield f"--cpus-per-task={request['cpus']}"
    for name in FORMS:
        if request.get(name) is not None:
            yield f"--{name}={request[name]}"
    yield from request.get("extra") or []


def warning_s(spec: Json) -> int:
    """How long before its time is up the job is told: its grace, but not from its very beginning."""
    grace = spec.get("grace_s", 15)
    wanted = math.ceil(grace) + 5 if isinstance(grace, (int, float)) and 0 <= grace < 60_000 else 20
    minutes = minutes_of((spec.get("slurm") or {}).get("time"))
    return wanted if minutes is None else max(1, min(wanted, int(minutes * 30) - SIGNAL_EARLY_S))


def minutes_of(limit: str | None) -> float | None:
    """Of a time limit as sbatch takes it: M, M:S, H:M:S, D-H, D-H:M or D-H:M:S."""
    if limit is None:
        return None
    days, _, rest = limit.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    if days:
        hours, minutes, seconds = (*parts, 0, 0)[:3]
    else:
        hours, minutes, seconds = ((0, parts[0], 0), (0, *parts[:2]), tuple(parts))[len(parts) - 1]
    return int(days or 0) * 1440 + hours * 60 + minutes + seconds / 60


def wrong_requests(request: object) -> Iterator[str]:
    """What of spec["slurm"] is not passed on to sbatch. Clients check before; this is for whoever writes by hand."""
    if request is None:
        return
    if not isinstance(request, dict):
        yield "slurm"
        return
    for name, most in MOST.items():
        value = request.get(name)
        if value is not None and not (type(value) is int and 0 <= value <= most):
            yield name
    for name, form in FORMS.items():
        value = request.get(name)
        if value is not None and not (isinstance(value, str) and re.fullmatch(form, value)):
            yield name
    extra = request.get("extra") or []
    if not isinstance(extra, list):
        yield "extra"
        return
    for option in extra:
        match = re.fullmatch(rf"--([a-z-]+)(={VALUE})?", option) if isinstance(option, str) else None
        if not match or match.group(1) not in EXTRA:
            yield f"extra {option!r}"
