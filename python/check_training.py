"""Proves on the GPU at hand what the tests prove on a CPU: that training learns the same in every precision, goes on
where it was stopped, and that two GPUs train what one does with twice the accumulation.

    python check_training.py --model_path models/random-small

Trains on a few chirps for a few steps and compares the losses of each step, in shares of what was learnt. Prints a line
a check and ends with 1 when one does not hold.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import train_lora
from errors import HumanError, run_script
from forked import finish

STEPS = 24
CLIPS, SECONDS = 16, 3.0
SAME = 0.02
"""Share of what was learnt by which the losses of equal trainings may differ on average, by the order of sums alone."""
CLOSE = 0.05
"""The same for another precision."""


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model_path", required=True, help="folder of a MusicGen")
    return parser


def main(args: argparse.Namespace) -> int:
    import torch

    import session  # noqa: F401 (imported before the forks; no GPU is touched)

    gpus = torch.cuda.device_count()
    if gpus == 0:
        print("There is no GPU here; the tests check the CPU.", file=sys.stderr)
        return 2
    held = []

    def check(name: str, differs: float, limit: float) -> None:
        held.append(differs <= limit)
        print(f"{'holds' if differs <= limit else 'FAILS':6} {name}: {differs:.2%} of {limit:.0%}", flush=True)

    with tempfile.TemporaryDirectory(prefix="check-training-") as name:
        folder = Path(name)
        write_chirps(folder / "data")
        flags = ["--model_path", args.model_path, "--data_dir", folder / "data", *FLAGS]
        exact: list[float] = []
        for precision in ("fp32", "bf16", "fp16"):
            unbroken, broken = folder / precision, folder / f"{precision}-broken"
            own = [*flags, f"--{precision}", "--gradient_accumulation_steps", 4]
            finish(train_lora, [*own, "--output_dir", unbroken, "--max_steps", STEPS])
            finish(train_lora, [*own, "--output_dir", broken, "--max_steps", STEPS // 2])
            finish(train_lora, ["--output_dir", broken, "--resume", "--max_steps", STEPS])
            found = losses(unbroken)
            exact = exact or found
            told = f"{found[0]:.3f} to {found[-1]:.3f}, {skipped(unbroken)} steps skipped"
            print(f"{'':6} {precision}: {told}", flush=True)
            if precision != "fp32":
                check(f"{precision} learns what fp32 does", difference(exact, found), CLOSE)
            check(f"{precision}: stopped and resumed is unbroken", difference(found, losses(broken)), SAME)
        if gpus > 1:
            output = folder / "two"
            argv = ["-m", "torch.distributed.run", "--nproc_per_node", "2", train_lora.__file__, *flags, "--fp32"]
            argv += ["--gradient_accumulation_steps", 2, "--output_dir", output, "--max_steps", STEPS]
            subprocess.run([sys.executable, *map(str, argv)], stdout=subprocess.DEVNULL, check=True)
            check("two GPUs train what one does", difference(exact, losses(output)), SAME)
    return 0 if all(held) else 1


FLAGS = [
    *("--target_duration", SECONDS, "--batch_size", 2, "--learning_rate", 3e-3, "--lr_schedule", "constant"),
    *("--warmup_steps", 4, "--logging_steps", 1, "--save_steps", STEPS // 2, "--eval_steps", STEPS),
    *("--valid_fraction", 0, "--allow_untrained_base", "--compile", "off"),
]


def write_chirps(folder: Path) -> None:
    """Clips that differ, and their metadata.json.

    By NumPy: PyTorch would start threads for it, which a fork would not have and would wait for.
    """
    import numpy as np
    import torch

    from evaluation_folder import RATE
    from rendering import wav_bytes

    folder.mkdir()
    t = np.arange(round(SECONDS * RATE)) / RATE
    rows = []
    for i in range(CLIPS):
        chirp = np.sin(2 * np.pi * 110 * 1.2**i * t * (1 + 0.1 * t))
        pcm = torch.from_numpy((0.3 * 32767 * chirp).astype(np.int16))
        (folder / f"{i}.wav").write_bytes(wav_bytes(pcm))
        rows.append({"audio": f"{i}.wav", "text": f"a chirp, number {i}"})
    (folder / "metadata.json").write_text(json.dumps(rows), encoding="utf-8")


def losses(run: Path) -> list[float]:
    """Of each step, the last told of a step that was taken twice."""
    found = {event["step"]: event["loss"] for event in events(run)}
    if list(found) != list(range(1, STEPS + 1)):
        raise HumanError(f"{run.name} told of steps {list(found)}, not of 1 to {STEPS}.")
    return list(found.values())


def skipped(run: Path) -> int:
    return events(run)[-1]["skipped"]


def events(run: Path) -> list[dict]:
    lines = (run / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == "train"]


def difference(wanted: Sequence[float], found: Sequence[float]) -> float:
    """Mean distance of the losses, as a share of how far the first ones fell. Infinite where nothing was learnt."""
    learnt = max(wanted) - min(wanted)
    if learnt < 0.05:
        return math.inf
    return sum(abs(a - b) for a, b in zip(wanted, found)) / len(wanted) / learnt


if __name__ == "__main__":
    run_script(make_parser, main)
