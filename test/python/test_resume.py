"""Stopped, killed and resumed trainings equal unbroken ones, bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from conftest import script_argv
from training import events, flags, run_training, states, timeless, weights

import saving
import trainer
from engine import Engine
from errors import HumanError

STEPS = {"max_steps": 8, "save_steps": 3, "eval_steps": 2, "logging_steps": 2, "lora_dropout": 0.1}


class Killed(BaseException):
    """Stands for the machine going away between two steps: nothing of ours handles it."""


@pytest.fixture(scope="module")
def unbroken(tiny_model: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    assert run_training(flags(tiny_model, data_dir, folder, **STEPS)) == 0
    return folder


def same_run(run: Path, other: Path) -> None:
    for name in ("best_model", "final_model", "checkpoint-6"):
        ours, theirs = weights(run / name), weights(other / name)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours), name
    assert (run / "final_model/adapter_model.safetensors").read_bytes() == (
        other / "final_model/adapter_model.safetensors"
    ).read_bytes()
    assert timeless(run) == timeless(other)


def wait_for_step(run: Path, process: subprocess.Popen[str], step: int) -> None:
    """Until the run's own log tells a step."""
    while not any(event["step"] >= step for event in events(run, "train")):
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.02)


@pytest.mark.parametrize("at", [1, 4, 7])
def test_killed_at_a_step_and_resumed(
    at: int, unbroken: Path, tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Engine.step

    def dies(self: Engine, number: int, *rest: object) -> object:
        if number == at:
            raise Killed
        return right(self, number, *rest)  # type: ignore[arg-type]

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "step", dies)
        with pytest.raises(Killed):
            run_training(flags(tiny_model, data_dir, run, **STEPS))
    before = len(saving.numbered_checkpoints(run))
    assert before == (at - 1) // 3  # at most save_steps are lost
    assert run_training(["--output_dir", str(run), "--resume"]) == 0
    same_run(run, unbroken)


def test_killed_after_the_last_step_and_resumed(
    unbroken: Path, tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise Killed

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(trainer.Training, "_finish", dies)
        with pytest.raises(Killed):
            run_training(flags(tiny_model, data_dir, run, **STEPS))
    assert run_training(["--output_dir", str(run), "--resume"]) == 0
    same_run(run, unbroken)


def test_sigkill_and_sigterm_in_one_run(unbroken: Path, tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    """A real process, killed with -9 in mid-run, resumed, stopped by SIGTERM, and resumed to the end."""
    run = tmp_path / "run"
    slow = {**STEPS, "max_steps": 4000, "save_steps": 3, "save_total_limit": 0}
    argv = script_argv("train_lora.py", *flags(tiny_model, data_dir, run, **slow))
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_step(run, process, 4)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    reached = events(run, "train")[-1]["step"]
    newest = saving.numbered_checkpoints(run)[-1]
    assert reached - int(newest.name.split("-")[1]) <= 3 + 2

    argv = script_argv("train_lora.py", "--output_dir", run, "--resume")
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_step(run, process, reached + 20)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, err
    assert states(run)[-1] == "stopped"
    assert "--resume" in out
    last = saving.numbered_checkpoints(run)[-1]
    assert int(last.name.split("-")[1]) >= events(run, "train")[-1]["step"]
    steps = [event["step"] for event in events(run, "train")]
    assert steps == sorted(set(steps))  # nothing told twice
    assert not list(run.glob(".*.tmp"))


def test_a_signal_before_the_first_step_ends_as_stopped(
    tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = trainer.read_metadata

    def signalled(*arguments: Path) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return right(*arguments)

    monkeypatch.setattr(trainer, "read_metadata", signalled)
    assert run_training(flags(tiny_model, data_dir, tmp_path / "run")) == 128 + signal.SIGTERM
    assert states(tmp_path / "run") == ["preparing", "stopped"]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_resume_refuses_what_would_make_another_run(
    unbroken: Path, tiny_model: Path, data_dir: Path, tmp_path: Path
) -> None:
    again = ["--output_dir", str(unbroken), "--resume"]
    with pytest.raises(HumanError, match="--lora_rank 4 → 8"):
        run_training([*again, "--lora_rank", "8"])
    with pytest.raises(HumanError, match="has all its 8 steps"):
        run_training(again)
    with pytest.raises(HumanError, match="no run to resume"):
        run_training(["--output_dir", str(tmp_path), "--resume"])
    with pytest.raises(HumanError, match="no checkpoint to resume from"):
        run_training([*again[:2], "--max_steps", "12", "--resume", "best_model"])


def test_resume_refuses_other_data(tiny_model: Path, tmp_path: Path) -> None:
    from conftest import write_clips

    write_clips(tmp_path / "data", 5, seconds=1.0)
    run = tmp_path / "run"
    assert run_training(flags(tiny_model, tmp_path / "data", run, max_steps=2)) == 0
    write_clips(tmp_path / "data", 6, seconds=1.0)
    with pytest.raises(HumanError, match="training clips are not those"):
        run_training(["--output_dir", str(run), "--resume", "--max_steps", "4"])


def test_resume_goes_on_past_the_first_end(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert run_training(flags(tiny_model, data_dir, run, max_steps=2)) == 0
    assert run_training(["--output_dir", str(run), "--resume", "--max_steps", "4"]) == 0
    assert [event["step"] for event in events(run, "train")] == [1, 2, 3, 4]
    assert events(run, "status")[-2]["resumed_from"] == 2


def test_a_damaged_checkpoint_is_named(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert run_training(flags(tiny_model, data_dir, run, max_steps=4)) == 0
    (run / "checkpoint-4/optimizer.pt").write_bytes(b"torn")
    with pytest.raises(HumanError, match=r"checkpoint-4 cannot be resumed from .* one before it"):
        run_training(["--output_dir", str(run), "--resume", "--max_steps", "6"])
    assert run_training(["--output_dir", str(run), "--resume", "checkpoint-2", "--max_steps", "6"]) == 0


def test_what_a_kill_left_half_made_is_put_right(tmp_path: Path) -> None:
    (tmp_path / ".best_model.old").mkdir()
    (tmp_path / ".best_model.old/adapter_model.safetensors").write_bytes(b"before")
    (tmp_path / ".checkpoint-4.123.tmp").mkdir()
    saving.remove_leftovers(tmp_path)
    assert (tmp_path / "best_model/adapter_model.safetensors").read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["best_model"]
