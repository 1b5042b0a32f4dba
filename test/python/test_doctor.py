"""doctor.py: what it finds, as sentences, as JSON, and by codes that an editor translates."""

from __future__ import annotations

import json
import re
import shutil
import string
import sys
import venv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import PYTHON_FOLDER

import checks
import doctor
from datareport import data_checks
from errors import HumanError

ROOT = PYTHON_FOLDER.parent
CHECKS, ERRORS = (
    json.loads((ROOT / "test/unit" / file).read_text("utf-8"))
    for file in ("jobs/doctorChecks.json", "files/scriptErrors.json")
)
SAMPLES: dict[str, dict[str, Any]] = {**CHECKS, **ERRORS}
"""Of each code the values that the tests of the editor's words put into them."""


def examine(*argv: object) -> tuple[dict[str, checks.Check], dict[str, Any]]:
    found: dict[str, Any] = {}
    args = doctor.make_parser().parse_args([str(a) for a in argv])
    return by_name(doctor.examine(args, found)), found


def by_name(said: Iterable[checks.Check]) -> dict[str, checks.Check]:
    named = {}
    for check in said:
        fits_the_sample(check.code, check.values)
        named.setdefault(check.name, check)
    return named


def fits_the_sample(code: str, values: dict[str, Any]) -> None:
    def kinds(it: dict[str, Any]) -> dict[str, str]:
        return {key: "number" if isinstance(value, (int, float)) else type(value).__name__ for key, value in it.items()}

    assert kinds(json.loads(json.dumps(values))) == kinds(SAMPLES[code])


def test_whole_report(tiny_model: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--model_path", tiny_model, "--data_dir", data_dir, "--max_duration", 2, "--num_epochs", 3, "--json"]
    args = doctor.make_parser().parse_args([str(f) for f in flags])
    assert doctor.main(args) == 1  # random weights know nothing
    printed = json.loads(capsys.readouterr().out.strip())
    assert printed["v"] == 1
    assert printed["ok"] is False
    said = by_name(checks.Check(**check) for check in printed["checks"])
    assert list(said) == [
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
    assert said["base loss"].state == "failed"
    assert "--allow_untrained_base" in said["base loss"].fix
    assert (said["data"].code, said["data"].values["clips"]) == ("data", 10)
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
    said, found = examine("--model_path", base, "--data_dir", tmp_path / "data", "--valid_fraction", 0)
    losses = found["losses"]
    assert losses["true_delay"] < losses["no_delay"] - 0.5
    assert losses["true_delay"] < losses["reversed_delay"] - 0.5
    assert (said["base loss"].state, said["base loss"].code) == ("ok", "base-loss")


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
    said, _ = examine()
    assert said["torch"].state == "failed"
    assert said["torch"].fix == f"{sys.executable} -m pip install 'torch>=99.1' --upgrade"
    assert "gpu" not in said
    monkeypatch.setattr(doctor.sys, "version_info", (3, 8, 10))
    assert examine()[0]["python"].state == "failed"


@pytest.mark.parametrize(("missing", "name"), [("model_path", "model"), ("data_dir", "data")])
def test_what_is_not_there_is_one_failed_line(missing: str, name: str, tiny_model: Path, data_dir: Path) -> None:
    paths = {"model_path": tiny_model, "data_dir": data_dir, missing: "/nowhere"}
    said, _ = examine("--model_path", paths["model_path"], "--data_dir", paths["data_dir"])
    assert (said[name].state, said[name].code) == ("failed", f"{name}-folder-missing")
    assert said[name].values == {"folder": "/nowhere", "looked": str(Path.cwd())}
    assert "/nowhere" in said[name].text


@pytest.mark.parametrize(
    ("damage", "code", "values"),
    [
        (
            lambda m, d: (m / "config.json").write_text('{"model_type": "llama"}'),
            "model-other-type",
            {"kind": "'llama'"},
        ),
        (lambda m, d: (m / "model.safetensors").write_bytes(b"x"), "model-not-loaded", {}),
        (lambda m, d: (m / "tokenizer.json").unlink(), "tokenizer-not-loaded", {}),
        (lambda m, d: (d / "metadata.json").write_text("[{,"), "metadata-json", {"line": 1, "column": 3}),
        (lambda m, d: (d / "metadata.json").write_text('[{"a": 1, "b": 2}]'), "metadata-no-audio", {"keys": "a, b"}),
        (
            lambda m, d: (d / "metadata.json").write_text('[{"audio": "no.wav", "text": "a"}, {"audio": "b"}]'),
            "data-empty",
            {"rows": 2, "dropped": [["missing", 1], ["no_caption", 1]]},
        ),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_what_cannot_be_read_has_a_code_and_its_values(
    damage: Callable[[Path, Path], object], code: str, values: dict[str, Any], tiny_model: Path, tmp_path: Path
) -> None:
    model, data = shutil.copytree(tiny_model, tmp_path / "a (model)."), tmp_path / "data"
    data.mkdir()
    (data / "metadata.json").write_text("[]")
    damage(model, data)
    args = doctor.make_parser().parse_args(["--model_path", str(model), "--data_dir", str(data)])
    last = list(doctor.examine(args, {}))[-1]
    fits_the_sample(last.code, last.values)
    assert (last.state, last.code, last.name) == ("failed", code, "data" if "data" in code else "model")
    assert {**last.values, **values} == last.values
    if last.name == "model":
        assert last.values["folder"] == str(model)


def test_a_model_of_nan_ends_the_checks_with_a_word(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = shutil.copytree(tiny_model, tmp_path / "model")
    weights = {name: tensor * float("nan") for name, tensor in load_file(model / "model.safetensors").items()}
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    said, found = examine("--model_path", model, "--data_dir", data_dir)
    assert (list(said)[-1], said["forward pass"].code) == ("forward pass", "forward-pass-broken")
    json.dumps(found, allow_nan=False)


def test_memory_that_is_too_small_for_a_batch(
    tiny_model: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    import inspection

    def short(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(inspection.Engine, "step", short)
    said, _ = examine("--model_path", tiny_model, "--data_dir", data_dir, "--batch_size", 64)
    assert said["planned run"].state == "failed"
    assert "--batch_size 64" in said["planned run"].text


def test_all_that_is_odd_of_a_data_set_has_a_line() -> None:
    odd = {key: ["a.wav"] * 7 for key in ("quiet", "loud", "silent", "clipped", "long_captions")}
    report = {
        **{"rows": 9, "clips": 8, "train_clips": 7, "valid_clips": 1, "hours": 0.1, "captions": 3},
        **{"dropped_names": {"too_short": ["b.wav"]}, "changed": {"mixed": 2}},
        **{"duplicates": [["a.wav", "c.wav"]], "leakage": [("a.wav", "d.wav")], **odd},
    }
    said = list(data_checks(report))
    for check in said:
        fits_the_sample(check.code, check.values)
    assert {check.code for check in said} == {code for code in checks.SENTENCES if code.split("-")[0] == "data"}
    assert said[-1].text == "Captions cut at 256 tokens: 7 (a.wav, a.wav, a.wav, a.wav, a.wav, …)."


def test_every_code_is_known_to_the_editor_and_no_other() -> None:
    words = (ROOT / "src/jobs/doctorWords.ts").read_text("utf-8")
    known = re.findall(r"^  '?([a-z-]+)'?: \w+\($", words.partition("const table")[2].replace("(", "(\n"), re.MULTILINE)
    assert len(known) > 25
    assert sorted(known) == sorted(checks.SENTENCES) == sorted(CHECKS)


@pytest.mark.parametrize("code", checks.SENTENCES)
def test_samples_hold_what_the_english_is_made_of(code: str) -> None:
    english = {"words": "too short", "duration": "3 min", "millions": "587", "command": "pip install x"}
    sentence = checks.SENTENCES[code]
    made = checks.check(code, SAMPLES[code], **english)
    assert "{" not in made.name + made.text + made.fix
    used = {part[1] for text in sentence for part in string.Formatter().parse(text)} - {None, *english}
    assert used <= set(SAMPLES[code])


def test_an_error_without_a_name_keeps_its_sentence() -> None:
    said = checks.failed(HumanError("Out of luck.", "luck"))
    assert (said.name, said.state, said.text, said.code, said.values) == ("data", "failed", "Out of luck.", "luck", {})


@pytest.mark.parametrize(("free", "code", "state"), [(70, "gpu", "ok"), (20, "gpu-busy", "warning")])
def test_a_gpu_and_how_much_of_it_is_free(free: int, code: str, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free * 10**9, 80 * 10**9))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H100")
    said, found = examine()
    assert (said["gpu"].code, said["gpu"].state) == (code, state)
    assert said["gpu"].text.startswith(f"NVIDIA H100, {free}.0 of 80.0 GB free")
    assert found["gpu"] == {"name": "NVIDIA H100", "free_gb": free, "total_gb": 80}
    assert examine("--device", "cpu")[0]["gpu"].code == "gpu-unused"


def test_little_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NEEDED_GB", 1e9)
    assert examine()[0]["disk"].state == "warning"
