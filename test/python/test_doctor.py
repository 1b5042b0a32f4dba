"""doctor.py: what it finds, as sentences and as JSON."""

from __future__ import annotations

import json
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
from conftest import PYTHON_FOLDER

import doctor


def examine(*argv: object) -> tuple[dict[str, doctor.Check], dict[str, Any]]:
    found: dict[str, Any] = {}
    args = doctor.make_parser().parse_args([str(a) for a in argv])
    return {check.name: check for check in doctor.examine(args, found)}, found


def test_whole_report(tiny_model: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--model_path", tiny_model, "--data_dir", data_dir, "--max_duration", 2, "--num_epochs", 3, "--json"]
    args = doctor.make_parser().parse_args([str(f) for f in flags])
    assert doctor.main(args) == 1  # random weights know nothing
    printed = json.loads(capsys.readouterr().out.strip())
    assert printed["v"] == 1
    assert printed["ok"] is False
    checks = {check["name"]: check for check in printed["checks"]}
    assert list(checks) == [
        "python",
        "packages",
        "disk",
        "gpu",
        "model",
        "forward pass",
        "data",
        "base loss",
        "planned run",
    ]
    assert checks["base loss"]["state"] == "failed"
    assert "--allow_untrained_base" in checks["base loss"]["fix"]
    assert printed["data"]["clips"] == 10
    assert printed["estimate"]["steps"] == 6
    assert set(printed["losses"]) == {"true_delay", "no_delay", "reversed_delay"}


def test_delay_proof_on_a_model_that_knows_its_data(tiny_model: Path, tmp_path: Path) -> None:
    """A model trained on these clips has a low loss with the true delay and a high one with the others."""
    from conftest import write_clips
    from training import flags, run_training

    write_clips(tmp_path / "data", 2, seconds=1.0)
    assert run_training(flags(
        tiny_model, tmp_path / "data", tmp_path / "run", full_finetune=True, max_steps=80, valid_fraction=0,
        learning_rate=1e-2, gradient_accumulation_steps=1, cfg_dropout=0, save_steps=80, logging_steps=40,
    )) == 0  # fmt: skip
    base = tmp_path / "run/final_model"
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (base / name).write_bytes((tiny_model / name).read_bytes())
    checks, found = examine("--model_path", base, "--data_dir", tmp_path / "data", "--valid_fraction", 0)
    losses = found["losses"]
    assert losses["true_delay"] < losses["no_delay"] - 0.5
    assert losses["true_delay"] < losses["reversed_delay"] - 0.5
    assert checks["base loss"].state == "ok"


def test_missing_packages_and_their_install_lines(tmp_path: Path) -> None:
    """In an environment with nothing, doctor.py itself still runs."""
    import subprocess

    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare/bin/python"
    done = subprocess.run(
        [python, PYTHON_FOLDER / "doctor.py", "--model_path", "x"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert f"→ {python} -m pip install 'torch>=2.4'" in done.stdout
    assert "Traceback" not in done.stderr


def test_too_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# comment\ntorch>=99.1\nnumpy>=1.0\n")
    monkeypatch.setattr(doctor, "REQUIREMENTS", requirements)
    checks, _ = examine()
    assert checks["torch"].state == "failed"
    assert checks["torch"].fix == f"{sys.executable} -m pip install 'torch>=99.1' --upgrade"
    assert "gpu" not in checks
    monkeypatch.setattr(doctor.sys, "version_info", (3, 8, 10))
    assert examine()[0]["python"].state == "failed"


@pytest.mark.parametrize(("missing", "name"), [("model_path", "model"), ("data_dir", "data")])
def test_what_is_not_there_is_one_failed_line(missing: str, name: str, tiny_model: Path, data_dir: Path) -> None:
    paths = {"model_path": tiny_model, "data_dir": data_dir, missing: "/nowhere"}
    checks, _ = examine("--model_path", paths["model_path"], "--data_dir", paths["data_dir"])
    assert checks[name].state == "failed"
    assert "/nowhere" in checks[name].text


def test_little_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NEEDED_GB", 1e9)
    assert examine()[0]["disk"].state == "warning"
