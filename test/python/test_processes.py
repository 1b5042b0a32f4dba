"""Several processes (gloo, on the CPU) give what one gives with accumulation."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import PYTHON_FOLDER
from training import events, flags, run_training, states, timeless, weights

SAME = {"max_steps": 3, "lora_dropout": 0.2, "batch_size": 1, "save_steps": 2, "cfg_dropout": 0.5}


@pytest.fixture(scope="module")
def alone(tiny_model: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One process that accumulates two micro-batches. Eight clips in steps of two, and a step that two share."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    assert run_training(flags(tiny_model, data_dir, folder, gradient_accumulation_steps=2, **SAME)) == 0
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_two_processes_equal_one_that_accumulates(
    launcher: str, alone: Path, tiny_model: Path, data_dir: Path, tmp_path: Path
) -> None:
    argv = {
        "torchrun": ["torch.distributed.run", "--standalone", "--nproc_per_node", "2"],
        "accelerate": [
            *["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"],
            *["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", str(free_port())],
        ],
    }[launcher]
    run = tmp_path / "run"
    training = flags(tiny_model, data_dir, run, gradient_accumulation_steps=1, device="cpu", **SAME)
    done = subprocess.run(
        [sys.executable, "-m", *argv, str(PYTHON_FOLDER / "train_lora.py"), *training],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert states(run) == ["preparing", "training", "completed"]
    for name, tensor in weights(alone / "final_model").items():
        torch.testing.assert_close(weights(run / "final_model")[name], tensor, rtol=1e-3, atol=1e-5)
    for ours, theirs in zip(timeless(run), timeless(alone)):
        assert ours.keys() == theirs.keys()
        if "loss" in ours:
            assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
    assert len(events(run, "train")) == 3
