"""Helpers of the training tests: a training in this process, and what a run folder says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from runfiles import read_json_lines
from session import train
from train_lora import complete, make_parser

CLOCK = ("t", "clips_per_s", "eta_s")


def flags(model: Path, data: Path, output: Path, **changes: Any) -> list[str]:
    """A small training as command-line flags; `True` is a bare flag, `None` leaves one out."""
    chosen = {
        "model_path": model,
        "data_dir": data,
        "output_dir": output,
        "lora_rank": 4,
        "batch_size": 2,
        "gradient_accumulation_steps": 2,
        "max_steps": 6,
        "warmup_steps": 2,
        "learning_rate": 1e-2,
        "save_steps": 2,
        "logging_steps": 1,
        "max_duration": 2,
        "valid_fraction": 0.2,
        "allow_untrained_base": True,
        **changes,
    }
    argv: list[str] = []
    for name, value in chosen.items():
        if value is not None and value is not False:
            argv += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return argv


def run_training(argv: list[str]) -> int:
    args = complete(make_parser().parse_args(argv), argv)
    return train(args)


def events(run: Path, kind: str | None = None) -> list[dict[str, Any]]:
    found = list(read_json_lines(run / "events.jsonl"))
    return [event for event in found if kind is None or event["type"] == kind]


def timeless(run: Path) -> list[dict[str, Any]]:
    """Losses and checkpoints of a run, without what the clock says."""
    told = [event for event in events(run) if event["type"] in ("train", "valid", "checkpoint", "warning")]
    return [{k: v for k, v in event.items() if k not in CLOCK} for event in told]


def states(run: Path) -> list[str]:
    return [event["state"] for event in events(run, "status")]


def weights(checkpoint: Path) -> dict[str, Any]:
    return load_file(checkpoint / "adapter_model.safetensors")
