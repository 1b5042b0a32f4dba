"""What to run, as spec.json says it: read whole, checked, and written once more as a script for people."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator

from job_errors import Refused
from job_files import Json

JOB_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
MAX_SPEC_BYTES = 1024 * 1024


def read_specs(sha256: str) -> list[Json]:
    """The jobs to start, from standard input; refused unless all of them have arrived as they were sent."""
    import hashlib

    payload = sys.stdin.buffer.read(MAX_SPEC_BYTES + 1)
    if len(payload) > MAX_SPEC_BYTES:
        raise Refused("too-large", "The description of the job is larger than 1 MB. Put long texts into files.")
    if hashlib.sha256(payload).hexdigest() != sha256:
        raise Refused("cut", "The request arrived incomplete. Nothing was started; send it again.")
    return parse_specs(payload)


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


def script(spec: Json) -> bytes:
    import shlex

    exports = [f"export {name}={shlex.quote(value)}" for name, value in sorted(spec.get("env", {}).items())]
    command = " ".join(map(shlex.quote, spec["argv"]))
    lines = ["#!/bin/sh", f"cd {shlex.quote(spec['cwd'])} || exit", *exports, f"exec {command}", ""]
    return "\n".join(lines).encode("utf-8", "surrogatepass")
