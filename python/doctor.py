"""Is the environment there, does the model run, is the data set sound? One report, before a training is started.

    python doctor.py
    python doctor.py --model_path ../models/musicgen-small --data_dir ../data --metadata_file metadata.json
    python doctor.py --model_path … --data_dir … --json        (one JSON line, for the editor)

Exit code: 0 nothing stands in the way, 1 something does.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib import metadata as packages
from pathlib import Path
from typing import Any

from checks import Check, check, failed
from errors import HumanError, run_script
from options import add_data_options, one_or_more, positive

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
NEEDED_GB = 10.0
OLDEST_PYTHON = (3, 9)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model_path", help="folder of the base model")
    add("--data_dir", help="folder of the clips")
    add_data_options(parser)
    add("--output_dir", default=".", help="where runs will be written: its disk is looked at")
    add("--batch_size", type=one_or_more, default=2, help="of the planned run, for the estimate")
    add("--gradient_accumulation_steps", type=one_or_more, default=4)
    add("--num_epochs", type=positive, default=1.0)
    add("--lora_rank", type=one_or_more, default=16)
    add("--seed", type=int, default=42)
    add("--device", choices=("auto", "cpu"), default="auto")
    add("--json", action="store_true", help="print one JSON line")
    return parser


def main(args: argparse.Namespace) -> int:
    found: dict[str, Any] = {}
    checks: list[Check] = []
    for one in examine(args, found):
        checks.append(one)
        if not args.json:
            mark = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}[one.state]
            print(f"{mark} {one.name}: {one.text}", flush=True)
            if one.fix:
                print(f"        → {one.fix}", flush=True)
    ok = all(one.state != "failed" for one in checks)
    if args.json:
        print(json.dumps({"v": 1, "ok": ok, "checks": [asdict(one) for one in checks], **found}, allow_nan=False))
    elif ok:
        print("Nothing stands in the way.")
    return 0 if ok else 1


def examine(args: argparse.Namespace, found: dict[str, Any]) -> Iterator[Check]:
    """Checks in the order in which one needs the other; what is measured goes into `found` as well."""
    yield _python()
    missing = list(_packages())
    yield from missing
    yield _disk(Path(args.output_dir))
    if any(one.state == "failed" for one in missing):
        return
    yield _gpu(args.device, found)
    if not args.model_path:
        return
    from inspection import inspect

    try:
        yield from inspect(args, found)
    except HumanError as error:
        yield failed(error)


def _python() -> Check:
    here = {"version": ".".join(map(str, sys.version_info[:3])), "path": sys.executable}
    if sys.version_info < OLDEST_PYTHON:
        return check("python-old", {**here, "least": ".".join(map(str, OLDEST_PYTHON))})
    return check("python", here)


def _packages() -> Iterator[Check]:
    """One line for what is there, one for each that is missing or too old, with the command that installs it."""
    there = []
    for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        name, _, least = line.partition("#")[0].strip().partition(">=")
        if not name:
            continue
        install = f"{sys.executable} -m pip install '{name}>={least}'"
        try:
            version = packages.version(name)
        except packages.PackageNotFoundError:
            yield check("package-missing", {"package": name}, command=install)
            continue
        if _numbers(version) < _numbers(least):
            yield check("package-old", {"package": name, "version": version, "least": least}, command=install)
        there.append(f"{name} {version}")
    if there:
        yield check("packages", {"packages": ", ".join(there)})


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split("+")[0].split(".")[:2] if part.isdigit()]


def _disk(folder: Path) -> Check:
    while not folder.exists():
        folder = folder.parent
    values = {"free_gb": round(shutil.disk_usage(folder).free / 1e9, 2), "folder": str(folder.resolve())}
    if values["free_gb"] < NEEDED_GB:
        return check("disk-low", {**values, "needed_gb": NEEDED_GB})
    return check("disk", values)


def _gpu(device: str, found: dict[str, Any]) -> Check:
    import torch

    if device == "cpu" or not torch.cuda.is_available():
        found["gpu"] = None
        return check("gpu-unused", {}) if device == "cpu" else check("gpu-none", {"torch": str(torch.__version__)})
    name = torch.cuda.get_device_name(0)
    free, total = (round(x / 1e9, 2) for x in torch.cuda.mem_get_info())
    found["gpu"] = {"name": name, "free_gb": free, "total_gb": total}
    values = {"gpu": name, "free_gb": free, "total_gb": total, "cuda": str(torch.version.cuda)}
    return check("gpu-busy" if free < 0.5 * total else "gpu", values)


if __name__ == "__main__":
    run_script(make_parser, main)
