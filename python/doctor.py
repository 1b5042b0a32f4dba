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
from dataclasses import asdict, dataclass
from importlib import metadata as packages
from pathlib import Path
from typing import Any

from errors import HumanError, run_script
from options import add_data_options, one_or_more, positive

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
NEEDED_GB = 10.0
OLDEST_PYTHON = (3, 9)


@dataclass
class Check:
    """`state` is ok, warning or failed; `fix` is a command or a sentence, empty when nothing is to be done."""

    name: str
    state: str
    text: str
    fix: str = ""


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
    for check in examine(args, found):
        checks.append(check)
        if not args.json:
            mark = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}[check.state]
            print(f"{mark} {check.name}: {check.text}", flush=True)
            if check.fix:
                print(f"        → {check.fix}", flush=True)
    ok = all(check.state != "failed" for check in checks)
    if args.json:
        print(json.dumps({"v": 1, "ok": ok, "checks": [asdict(check) for check in checks], **found}, allow_nan=False))
    elif ok:
        print("Nothing stands in the way.")
    return 0 if ok else 1


def examine(args: argparse.Namespace, found: dict[str, Any]) -> Iterator[Check]:
    """Checks in the order in which one needs the other; what is measured goes into `found` as well."""
    yield _python()
    missing = list(_packages())
    yield from missing
    yield _disk(Path(args.output_dir))
    if any(check.state == "failed" for check in missing):
        return
    yield _gpu(args.device, found)
    if not args.model_path:
        return
    from inspection import inspect

    try:
        yield from (Check(*line) for line in inspect(args, found))
    except HumanError as error:
        yield Check("model" if "model" in error.code else "data", "failed", str(error))


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST_PYTHON:
        return Check("python", "failed", f"{version} at {sys.executable} is too old.", "Use Python 3.9 or newer.")
    return Check("python", "ok", f"{version} at {sys.executable}")


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
            yield Check(name, "failed", "is not installed.", install)
            continue
        if _numbers(version) < _numbers(least):
            yield Check(name, "failed", f"{version} is too old; {least} or newer is needed.", f"{install} --upgrade")
        there.append(f"{name} {version}")
    if there:
        yield Check("packages", "ok", ", ".join(there))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split("+")[0].split(".")[:2] if part.isdigit()]


def _disk(folder: Path) -> Check:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    text = f"{free:.1f} GB free at {folder.resolve()}"
    if free < NEEDED_GB:
        return Check("disk", "warning", text, f"Make room: checkpoints and clips may need {NEEDED_GB:.0f} GB.")
    return Check("disk", "ok", text)


def _gpu(device: str, found: dict[str, Any]) -> Check:
    import torch

    if device == "cpu" or not torch.cuda.is_available():
        found["gpu"] = None
        why = "not used (--device cpu)" if device == "cpu" else f"none that torch {torch.__version__} can use"
        return Check("gpu", "warning", f"{why}: training and evaluation run on the CPU, slowly.")
    free, total = (x / 1e9 for x in torch.cuda.mem_get_info())
    found["gpu"] = {"name": torch.cuda.get_device_name(0), "free_gb": round(free, 2), "total_gb": round(total, 2)}
    text = f"{torch.cuda.get_device_name(0)}, {free:.1f} of {total:.1f} GB free, CUDA {torch.version.cuda}"
    if free < 0.5 * total:
        return Check("gpu", "warning", text, "Another process uses its memory: see nvidia-smi.")
    return Check("gpu", "ok", text)


if __name__ == "__main__":
    run_script(make_parser, main)
