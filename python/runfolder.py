"""The run's folder: may this training write here, from which checkpoint does it go on, and what its record says."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Any

import saving
from dataset import Plan
from errors import HumanError
from runfiles import read_json, read_json_lines, write_json, write_run

SAME_WHEN_RESUMED = (
    "lora_rank", "lora_alpha", "lora_dropout", "lora_target", "use_rslora", "use_dora", "full_finetune",
    "batch_size", "gradient_accumulation_steps", "seed", "cfg_dropout", "target_duration", "fp16", "bf16", "fp32",
)  # fmt: skip


class RunFile:
    """run.json of this run; only the first process has one."""

    def __init__(self, folder: Path, fields: dict[str, Any]) -> None:
        self.path, self.fields = folder / "run.json", fields

    def update(self, **fields: Any) -> None:
        self.fields.update(fields)
        write_json(self.path, self.fields)


def check_output(folder: Path, args: argparse.Namespace) -> None:
    """Raises HumanError when the folder holds another run, or a resume differs where it must not."""
    if args.resume:
        known = read_json(folder / "run.json").get("hyperparameters", {})
        changed = [
            f"--{k} {known[k]} → {getattr(args, k)}" for k in SAME_WHEN_RESUMED if known.get(k) != getattr(args, k)
        ]
        if changed:
            raise HumanError(
                "A resumed run goes on as it began, but this changes {flags}. Leave these flags out, or start a new "
                "run with --parent_run.",
                "resume-changed",
                says="resume-other-flags",
                flags=", ".join(changed),
            )
    elif folder.is_file():
        raise HumanError(
            "{file} is a file. Give --output_dir a new folder.", "output-taken", says="output-is-file", file=folder
        )
    elif holds_run(folder):
        raise HumanError(
            "{folder} holds a run already. Give --output_dir a new folder (free: {free}), or go on with that run by "
            "--resume.",
            "output-taken",
            says="output-holds-run",
            folder=folder,
            free=next_free(folder),
        )


def holds_run(folder: Path) -> bool:
    """A run that has trained, of any tool. A record of a start that failed before its first step may be replaced."""
    if not folder.is_dir():
        return False
    patterns = (
        "best_model",
        "final_model",
        "checkpoint-*",
        "adapter_config.json",
        "trainer_state.json",
        "*.safetensors",
    )
    if any(any(folder.glob(pattern)) for pattern in patterns):
        return True
    if (folder / "run.json").exists() or (folder / "events.jsonl").exists():
        return any(event.get("type") == "train" for event in read_json_lines(folder / "events.jsonl"))
    return any(not entry.name.startswith(".") and entry.suffix != ".log" for entry in folder.iterdir())


def next_free(folder: Path) -> Path:
    """output_epoch1 → output_epoch2, or the next that is not there."""
    stem, number = re.fullmatch(r"(.*?)(\d*)", folder.name).groups()  # type: ignore[union-attr]
    candidates = (folder.with_name(f"{stem}{n}") for n in range(int(number or 1) + 1, 10**9))
    return next(path for path in candidates if not path.exists())


def find_checkpoint(folder: Path, wanted: str) -> Path | None:
    """The newest complete checkpoint, or the one named. None when there is none yet: then the run begins anew."""
    if wanted == "latest":
        found = saving.numbered_checkpoints(folder)
        return found[-1] if found else None
    for path in (folder / wanted, Path(wanted)):
        if (path / "data_state.json").is_file():
            return path
    raise HumanError(
        "{checkpoint} is no checkpoint to resume from: it needs optimizer.pt and data_state.json, which only "
        "checkpoint-<step> folders have.",
        "resume-nothing",
        says="resume-without-state",
        checkpoint=wanted,
    )


def check_resume(state: dict[str, Any], plan: Plan, fingerprint: str, checkpoint: Path) -> None:
    """Raises HumanError unless data and clips a step are those of the checkpoint."""
    if state["fingerprint"] != fingerprint:
        raise HumanError(
            "The training clips are not those that {checkpoint} was trained on (files, captions or their order "
            "changed). Put the data back, or start a new run with --parent_run.",
            "resume-data-changed",
            says="resume-other-data",
            checkpoint=checkpoint,
        )
    if state["step_clips"] != plan.step_clips:
        raise HumanError(
            "{checkpoint} was trained with {before} clips a step, and this start has {now}. "
            "Keep batch size × accumulation × number of processes the same.",
            "resume-changed",
            says="resume-other-step",
            checkpoint=checkpoint,
            before=state["step_clips"],
            now=plan.step_clips,
        )


def start_record(folder: Path, args: argparse.Namespace, checkpoint: Path | None) -> RunFile:
    """Writes run.json, or takes up that of the resumed run and cuts from events.jsonl what will be trained again."""
    hyperparameters = {k: v for k, v in vars(args).items() if k not in ("resume", "parent_run", "reason")}
    if args.resume:
        run = RunFile(folder, read_json(folder / "run.json"))
        step = read_json(checkpoint / "data_state.json")["step"] if checkpoint else 0
        cut_events(folder / "events.jsonl", step if checkpoint else -1)
        run.update(hyperparameters={**run.fields.get("hyperparameters", {}), **hyperparameters})
        return run
    (folder / "events.jsonl").unlink(missing_ok=True)
    parent = {"run": args.parent_run, "reason": args.reason} if args.parent_run or args.reason else None
    fields = {
        "command": ["python", "train_lora.py", *sys.argv[1:]],
        "hyperparameters": hyperparameters,
        "parent": parent,
        "model": args.model_path,
        "data": {"clips": 0, "dropped": {}},
    }
    return RunFile(folder, write_run(folder, fields))


def cut_events(path: Path, step: int) -> None:
    """Drops what a killed run said of later steps: they are trained and told again. Other lines stay."""
    if not path.exists():
        return
    import json

    def stays(line: bytes) -> bool:
        try:
            event = json.loads(line)
        except ValueError:
            return False
        return not isinstance(event.get("step"), (int, float)) or event["step"] <= step

    kept = [line + b"\n" for line in path.read_bytes().splitlines() if stays(line)]
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(b"".join(kept))
    os.replace(temporary, path)
