"""Clips of fixed prompts with fixed noise while a training goes on, as an evaluation folder of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

FOLDER = "samples"
LAUNCHER = ("RANK", "WORLD_SIZE", "LOCAL_", "GROUP_", "ROLE_", "MASTER_", "TORCHELASTIC_", "ACCELERATE_")


def make_samples(args: argparse.Namespace, run: Path, checkpoint: str) -> str | None:
    """Lets evaluate.py add a checkpoint's clips to RUN/samples. Returns why it could not, or None.

    A process of its own, so that the training's memory and random numbers stay as they are.
    """
    argv = [
        *[sys.executable, str(Path(__file__).with_name("evaluate.py")), "--model_path", args.model_path],
        *["--run_dir", str(run), "--models", checkpoint, "--prompts", args.sample_prompts],
        *["--output_dir", str(run / FOLDER), "--duration", str(args.target_duration), "--device", args.device],
    ]
    alone = {name: value for name, value in os.environ.items() if not name.startswith(LAUNCHER)}
    done = subprocess.run(argv, env=alone, capture_output=True, text=True, errors="replace")
    if done.returncode == 0:
        return None
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return lines[-1] if lines else f"evaluate.py ended with code {done.returncode}"
