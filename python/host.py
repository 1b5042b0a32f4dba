#!/usr/bin/env python3
"""Tells what a host has: files by name, and what a training needs of the machine.

Runs on the host with Python's standard library alone (3.8 or newer; Linux, macOS):

    python host.py files < request.json    # {"lists": [FOLDER], "exist": [PATH]}
    python host.py survey FOLDER           # GPUs, load, memory, free disk of FOLDER, tools

Prints one JSON object. Nothing on the host is changed.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable

MAX_NAMES = 100_000
TOOLS = ("sbatch", "squeue", "sacct", "scancel", "tmux", "flock", "rsync")
GPU_FIELDS = "index,name,memory.total,memory.used,utilization.gpu"
GPU_TIMEOUT_S = 8
ELSEWHERE = ("/usr/local/nvidia/bin", "/usr/lib/wsl/lib", "/opt/bin")
"""Containers and WSL keep nvidia-smi here; a shell without login may not look there."""


def files(_: argparse.Namespace) -> dict:
    """Names in folders, or why they can't be listed, in the order asked; and which paths are there."""
    request = json.load(sys.stdin)
    return {
        "lists": [listed(path) for path in request["lists"]],
        "exist": [os.path.exists(p) for p in request["exist"]],
    }


def listed(folder: str) -> dict:
    try:
        names = os.listdir(folder)
    except (OSError, ValueError) as error:
        return {"code": errno.errorcode.get(getattr(error, "errno", None) or 0, "EINVAL")}
    return {"names": sorted(names)[:MAX_NAMES]}


def survey(args: argparse.Namespace) -> dict:
    """Sizes in bytes, GPU memory in MiB, load as the average over one minute; None for what is not known."""
    return {
        "host": socket.gethostname(),
        "cpus": usable_cpus(),
        "load": attempt(lambda: os.getloadavg()[0]),
        "memory": attempt(lambda: os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")),
        "free": attempt(lambda: shutil.disk_usage(existing(args.folder)).free),
        "gpus": gpus(),
        "tools": [name for name in TOOLS if shutil.which(name)],
    }


def attempt(what: Callable[[], float]) -> float | None:
    try:
        return what()
    except (OSError, ValueError, AttributeError):
        return None


def usable_cpus() -> int:
    """Those that this process may run on: in a container or an allocation fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def existing(folder: str) -> str:
    """The folder, or the nearest one around it that is there."""
    folder = os.path.abspath(folder)
    while not os.path.exists(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return folder


def gpus() -> list[dict]:
    """Empty where there is no nvidia-smi, or where it does not work."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *ELSEWHERE])
    program = shutil.which("nvidia-smi", path=path)
    if program is None:
        return []
    command = [program, f"--query-gpu={GPU_FIELDS}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GPU_TIMEOUT_S)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return []
    rows = [[field.strip() for field in line.split(",")] for line in done.stdout.splitlines()]
    names = ("index", "name", "total", "used", "percent")
    return [
        {name: value if name == "name" else number(value) for name, value in zip(names, row)}
        for row in rows
        if len(row) == len(names) and row[0].isdigit()
    ]


def number(text: str) -> int | None:
    """nvidia-smi says [N/A] for what a GPU does not tell."""
    return int(text) if text.isdigit() else None


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("files").set_defaults(run=files)
    sub = verbs.add_parser("survey")
    sub.add_argument("folder", metavar="FOLDER")
    sub.set_defaults(run=survey)
    return parser


def main(args: argparse.Namespace) -> int:
    print(json.dumps(args.run(args)))
    return 0


if __name__ == "__main__":
    sys.exit(main(make_parser().parse_args()))
