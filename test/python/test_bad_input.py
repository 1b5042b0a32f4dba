"""Trainings that cannot start or go on: each is refused in a sentence that names the next step."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Script
from safetensors.torch import load_file, save_file
from training import events, flags, run_training, states

import musicgen
from errors import HumanError
from make_model import SHAPES, make_model
from runfiles import Events, append_line, folder_lock, json_safe, read_json_lines, write_json


def test_model_path_wrong(data_dir: Path, tmp_path: Path, script: Script) -> None:
    refused = script("train_lora.py", *flags(tmp_path / "nowhere", data_dir, tmp_path / "run"))
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: There is no model folder")
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "run").exists()


def test_a_shard_is_missing(sharded_model: Path, data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(sharded_model, folder)
    lost = sorted(folder.glob("model-*.safetensors"))[1]
    lost.unlink()
    with pytest.raises(HumanError, match=f"incomplete: {lost.name}"):
        run_training(flags(folder, data_dir, tmp_path / "run"))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda m: (m / "config.json").unlink(), "no config.json"),
        (lambda m: (m / "config.json").write_text("{"), "config.json could not be read"),
        (lambda m: (m / "config.json").write_text('{"model_type": "llama"}'), "of type 'llama', not a MusicGen"),
        (lambda m: (m / "model.safetensors").unlink(), "no weights"),
        (lambda m: (m / "model.safetensors").write_bytes(b"\0" * 50), "could not be loaded"),
        (lambda m: os.truncate(m / "model.safetensors", 100_000), "could not be loaded"),
        (lambda m: (m / "tokenizer.json").unlink(), "tokenizer in .* could not be loaded"),
    ],
    ids=["no config", "torn config", "another model", "no weights", "no safetensors", "torn weights", "no tokenizer"],
)
def test_damaged_model_folders(damage: object, said: str, tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    damage(tmp_path / "model")  # type: ignore[operator]
    with pytest.raises(HumanError, match=said):
        run_training(flags(tmp_path / "model", data_dir, tmp_path / "run"))


def test_weights_that_lack_tensors(tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "model")
    weights = load_file(tmp_path / "model/model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "layers.1.fc1" not in name}
    save_file(kept, tmp_path / "model/model.safetensors", metadata={"format": "pt"})
    with pytest.raises(HumanError, match=r"lack 1 tensors, for example decoder.*layers\.1\.fc1"):
        musicgen.load_model(tmp_path / "model")


def test_an_adapter_of_another_base(
    tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wider = {**SHAPES["tiny"], "decoder": {**SHAPES["tiny"]["decoder"], "hidden_size": 96}}
    monkeypatch.setitem(SHAPES, "wider", wider)
    make_model(tmp_path / "wider", "wider")
    assert run_training(flags(tmp_path / "wider", data_dir, tmp_path / "run", max_steps=1)) == 0
    with pytest.raises(HumanError, match="96 wide there and 64 wide here") as refused:
        musicgen.attach_adapters(musicgen.load_model(tiny_model), {"best": tmp_path / "run/best_model"})
    assert str(tmp_path / "wider") in str(refused.value)
    assert str(tiny_model) in str(refused.value)


def test_an_adapter_that_is_none(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    model = musicgen.load_model(tiny_model)
    with pytest.raises(HumanError, match="holds no adapter"):
        musicgen.attach_adapters(model, {"best": tmp_path})
    assert run_training(flags(tiny_model, data_dir, tmp_path / "run", max_steps=1)) == 0
    (tmp_path / "run/best_model/adapter_model.safetensors").write_bytes(b"torn")
    with pytest.raises(HumanError, match="could not be read"):
        musicgen.attach_adapters(model, {"best": tmp_path / "run/best_model"})


def test_an_output_folder_that_holds_another_run(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    run = tmp_path / "output_epoch1"
    assert run_training(flags(tiny_model, data_dir, run, max_steps=1)) == 0
    (tmp_path / "output_epoch2").mkdir()
    before = (run / "events.jsonl").read_bytes()
    with pytest.raises(HumanError, match=r"holds a run already.*free: .*output_epoch3"):
        run_training(flags(tiny_model, data_dir, run))
    assert (run / "events.jsonl").read_bytes() == before


@pytest.mark.parametrize("sign", ["checkpoint-100/trainer_state.json", "adapter_config.json", "song.wav"])
def test_an_output_folder_of_another_tool(sign: str, tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "run" / sign).parent.mkdir(parents=True)
    (tmp_path / "run" / sign).write_text("{}")
    with pytest.raises(HumanError, match="holds a run already"):
        run_training(flags(tiny_model, data_dir, tmp_path / "run"))


def test_names_that_are_hard_on_shells(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    name = '🎻 it\'s "$(reboot)" `x`\n' + "ü" * 90
    assert run_training(flags(tiny_model, data_dir, tmp_path / name, max_steps=1)) == 0
    assert states(tmp_path / name)[-1] == "completed"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--lora_rank", "0"], "'0' is not a whole number from 1"),
        (["--learning_rate", "nan"], "'nan' is not a number above 0"),
        (["--learning_rate", "fast"], "'fast' is not a number above 0"),
        (["--valid_fraction", "1"], "'1' is not from 0 to less than 1"),
        (["--fp16", "--bf16"], "not allowed with"),
        ([], "--model_path is missing"),
    ],
)
def test_flags_that_make_no_sense(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises((SystemExit, HumanError)) as refused:
        run_training(argv)
    assert said in capsys.readouterr().err + str(refused.value)


def test_targets_that_match_nothing(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(HumanError, match=r"matches no layer\. Use attention"):
        run_training(flags(tiny_model, data_dir, tmp_path / "a", lora_target="atention"))
    with pytest.raises(HumanError, match=r"neither one of .* nor a regex"):
        run_training(flags(tiny_model, data_dir, tmp_path / "b", lora_target="(q_proj"))


def test_longer_than_the_models_positions(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(HumanError, match=r"positions end at 41\.0 s"):
        run_training(flags(tiny_model, data_dir, tmp_path / "run", max_duration=60))


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 1 MB. Making one needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_ends_the_training_with_a_word_and_keeps_what_was_saved(
    tiny_model: Path, data_dir: Path, small_disk: Path
) -> None:
    run = small_disk / "run"
    argv = flags(tiny_model, data_dir, run, max_steps=50, save_steps=1, save_total_limit=0, lora_rank=16)
    with pytest.raises(HumanError, match="disk is full") as told:
        run_training(argv)
    assert told.value.code == "disk-full"
    whole = sorted(run.glob("checkpoint-*"))
    assert whole
    for folder in whole:
        assert load_file(folder / "adapter_model.safetensors")
    assert not list(run.glob(".*.tmp"))
    for event in events(run):
        assert event["v"] == 1


def test_a_device_that_takes_no_byte(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").symlink_to("/dev/full")
    with pytest.raises(HumanError, match="disk is full"):
        Events(tmp_path).write("status", state="training")


def test_files_of_a_run_are_whole_lines_and_json_for_everyone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append_line(path, {"loss": float("nan"), "ce": [1.0, float("inf")], "name": os.fsdecode(b"\xe9")})
    with open(path, "ab") as file:
        file.write(b'{"torn": tr')
    append_line(path, {"after": 1})
    assert b"NaN" not in path.read_bytes()
    assert [next(iter(row.values())) for row in read_json_lines(path)] == [None, 1]
    assert json_safe({"p": tmp_path, "t": (1, 2)}) == {"p": str(tmp_path), "t": [1, 2]}
    write_json(tmp_path / "run.json", {"a": float("inf")})
    assert (tmp_path / "run.json").read_text() == '{\n  "a": null\n}\n'


def test_a_lock_is_free_again_when_its_holder_is_gone(tmp_path: Path) -> None:
    with folder_lock(tmp_path, "an evaluation"), pytest.raises(HumanError, match="by an evaluation"):
        folder_lock(tmp_path, "a training").__enter__()
    with folder_lock(tmp_path, "a training"):
        pass


def test_a_clock_that_goes_backwards(
    tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import itertools

    import runfiles

    back = itertools.count(2_000_000_000, -3600)
    monkeypatch.setattr(runfiles.time, "time", lambda: float(next(back)))
    assert run_training(flags(tiny_model, data_dir, tmp_path / "run", max_steps=2)) == 0
    told = events(tmp_path / "run", "train")
    assert [event["step"] for event in told] == [1, 2]
    assert all(event["eta_s"] >= 0 for event in told)
