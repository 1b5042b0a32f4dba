"""Whole trainings of the tiny model: what is written, what is told, and how they end."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import PYTHON_FOLDER, script_argv, write_clips
from training import events, flags, run_training, states, weights

import forward
import musicgen
import saving
import trainer
from dataset import fixed_items, make_batch
from engine import Engine
from errors import HumanError
from runfiles import folder_lock, read_json_lines


@pytest.fixture(scope="module")
def run(tiny_model: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of six steps."""
    folder = tmp_path_factory.mktemp("runs") / "output_epoch1"
    reason = 'hiss; "quieter" $(rm -rf /) 🎻\nsecond line'
    argv = flags(tiny_model, data_dir, folder, save_total_limit=2, parent_run="../output_epoch0", reason=reason)
    assert run_training(argv) == 0
    return folder


def test_run_folder_is_as_the_contract_says(run: Path, tiny_model: Path) -> None:
    written = json.loads((run / "run.json").read_text())
    assert written["v"] == 1
    assert written["name"] == "output_epoch1"
    assert written["parent"] == {"run": "../output_epoch0", "reason": 'hiss; "quieter" $(rm -rf /) 🎻\nsecond line'}
    assert written["model"] == str(tiny_model)
    assert written["hyperparameters"]["lora_rank"] == 4
    assert written["data"]["clips"] == 10
    assert written["data"]["valid_clips"] == 2
    assert len(written["data"]["metadata_sha256"]) == 64
    assert set(written["environment"]) >= {"python", "torch", "transformers", "peft", "gpu", "git"}
    assert states(run) == ["preparing", "training", "completed"]
    assert {event["v"] for event in events(run)} == {1}
    steps = [event["step"] for event in events(run, "train")]
    assert steps == [1, 2, 3, 4, 5, 6]
    last = events(run, "train")[-1]
    assert set(last) >= {"step", "epoch", "loss", "ce", "lr", "grad_norm", "skipped", "clips_per_s", "eta_s"}
    assert len(last["ce"]) == 4
    assert math.isclose(sum(last["ce"]) / 4, last["loss"])
    assert [event["step"] for event in events(run, "valid")] == [0, 2, 4, 6]


def test_only_the_newest_checkpoints_stay_beside_best_and_final(run: Path) -> None:
    folders = sorted(path.name for path in run.iterdir() if path.is_dir())
    assert folders == ["best_model", "checkpoint-4", "checkpoint-6", "final_model"]
    resumable = {path.name for path in (run / "checkpoint-6").iterdir()}
    assert resumable >= {"optimizer.pt", "scheduler.pt", "rng.pt", "data_state.json", "checkpoint.json"}
    assert not list(run.glob(".*.tmp"))


def test_best_is_the_lowest_valid_loss_and_final_the_last_step(run: Path) -> None:
    valid = {event["step"]: event["loss"] for event in events(run, "valid") if event["step"] > 0}
    best = json.loads((run / "best_model/checkpoint.json").read_text())
    final = json.loads((run / "final_model/checkpoint.json").read_text())
    assert best["valid_loss"] == min(valid.values()) == valid[best["step"]]
    assert (final["step"], final["valid_loss"]) == (6, valid[6])


def test_training_lowers_the_loss(run: Path) -> None:
    losses = [event["loss"] for event in events(run, "train")]
    assert losses[-1] < losses[0]


def test_plain_peft_reads_the_adapter(run: Path, tiny_model: Path, data_dir: Path) -> None:
    from peft import PeftModel

    plain = PeftModel.from_pretrained(musicgen.load_model(tiny_model), str(run / "final_model")).eval()
    own = musicgen.attach_adapters(musicgen.load_model(tiny_model), {"final": run / "final_model"})
    codes = torch.randint(0, 2048, (4, 20), generator=torch.Generator().manual_seed(0))
    labels, states, mask = forward.delayed_labels(codes)[None], torch.ones(1, 3, 48), torch.ones(1, 3).long()
    with torch.no_grad():
        adapted = forward.decoder_logits(plain, labels, states, mask)
        assert torch.equal(adapted, forward.decoder_logits(own, labels, states, mask))
        with plain.disable_adapter():
            assert not torch.allclose(adapted, forward.decoder_logits(plain, labels, states, mask), atol=1e-4)


def test_untrained_base_is_refused_and_said_why(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    argv = flags(tiny_model, data_dir, tmp_path / "run", allow_untrained_base=None)
    with pytest.raises(HumanError, match=r"ln 2048 = 7\.62") as refused:
        run_training(argv)
    assert refused.value.code == "untrained-base"
    assert states(tmp_path / "run") == ["preparing", "failed"]
    told = events(tmp_path / "run", "error")[0]
    assert (told["code"], told["text"], told["says"]) == ("untrained-base", str(refused.value), "base-untrained")
    figures = {"loss": events(tmp_path / "run", "valid")[0]["loss"], "codes": 2048, "uniform": math.log(2048)}
    assert told["values"] == pytest.approx(figures)
    # It never trained, so the same folder may be used again.
    assert run_training(flags(tiny_model, data_dir, tmp_path / "run", max_steps=1)) == 0


def test_a_base_that_knows_the_data_is_let_through(tiny_model: Path, tmp_path: Path) -> None:
    """Full fine-tuning brings a few clips below the limit; from there a training starts without the switch."""
    write_clips(tmp_path / "data", 2, seconds=1.0)
    trained = flags(
        tiny_model, tmp_path / "data", tmp_path / "full", full_finetune=True, max_steps=60, learning_rate=1e-2,
        valid_fraction=0, save_steps=60, logging_steps=30, gradient_accumulation_steps=1, cfg_dropout=0,
    )  # fmt: skip
    assert run_training(trained) == 0
    base = tmp_path / "full/final_model"
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (base / name).write_bytes((tiny_model / name).read_bytes())
    argv = flags(base, tmp_path / "data", tmp_path / "run", allow_untrained_base=None, valid_fraction=0, max_steps=1)
    assert run_training(argv) == 0
    assert events(tmp_path / "run", "valid")[0]["loss"] < 0.92 * math.log(2048)


def test_fp16_on_a_cpu_is_told_and_trains_in_fp32(
    tiny_model: Path, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_training(flags(tiny_model, data_dir, tmp_path / "run", max_steps=1, fp16=True)) == 0
    said = capsys.readouterr().out
    assert "fp32 on the CPU" in said
    assert "No GPU" in said


def test_early_stop_ends_before_the_last_step(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    """A learning rate far too high makes the valid loss rise; three in a row are told."""
    argv = flags(
        tiny_model, data_dir, tmp_path / "run", early_stop=3, max_steps=40, eval_steps=1, learning_rate=3,
        lr_schedule="constant", save_steps=40,
    )  # fmt: skip
    assert run_training(argv) == 0
    assert events(tmp_path / "run", "train")[-1]["step"] < 40
    assert "valid-rising" in {event["code"] for event in events(tmp_path / "run", "warning")}
    assert states(tmp_path / "run")[-1] == "completed"


def test_gradients_that_are_not_finite_are_skipped_told_and_given_up_on(
    tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Engine._eager

    def broken(self: Engine, number: int, items: object, weights: torch.Tensor) -> torch.Tensor:
        return right(self, number, items, weights * (math.nan if number > 2 else 1))  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "_eager", broken)
    argv = flags(tiny_model, data_dir, tmp_path / "run", max_steps=80, eval_steps=80, save_steps=4, logging_steps=2)
    with pytest.raises(HumanError, match="NaN"):
        run_training(argv)
    codes = [event["code"] for event in events(tmp_path / "run") if "code" in event]
    assert codes == ["nan", "nan"]
    assert events(tmp_path / "run", "train")[-1]["grad_norm"] is None
    # What was learnt before is whole: nothing that is not a number went into the weights.
    newest = saving.numbered_checkpoints(tmp_path / "run")[-1]
    assert all(torch.isfinite(tensor).all() for tensor in weights(newest).values())


def test_an_adapter_that_learnt_nothing_is_told(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    argv = flags(tiny_model, data_dir, tmp_path / "run", max_steps=1, warmup_steps=0, learning_rate=1e-30)
    assert run_training(argv) == 0
    assert [event["code"] for event in events(tmp_path / "run", "warning")] == ["adapter-zero"]


def test_out_of_memory_halves_the_micro_batch_and_goes_on(
    tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = flags(tiny_model, data_dir, tmp_path / "whole", max_steps=2, lora_dropout=0)
    assert run_training(whole) == 0
    right = Engine.step

    def tight(self: Engine, *arguments: object) -> object:
        if self.micro > 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return right(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "step", tight)
    assert run_training(flags(tiny_model, data_dir, tmp_path / "tight", max_steps=2, lora_dropout=0)) == 0
    assert [event["code"] for event in events(tmp_path / "tight", "warning")] == ["out-of-memory"]
    for name, tensor in weights(tmp_path / "whole/final_model").items():
        torch.testing.assert_close(weights(tmp_path / "tight/final_model")[name], tensor, rtol=1e-3, atol=1e-4)


def test_full_finetuning_gives_a_model_that_loads_and_trains_the_decoder_alone(
    tiny_model: Path, data_dir: Path, tmp_path: Path
) -> None:
    argv = flags(tiny_model, data_dir, tmp_path / "run", full_finetune=True, max_steps=1, save_steps=1, warmup_steps=0)
    assert run_training(argv) == 0
    before, after = musicgen.load_model(tiny_model), musicgen.load_model(tmp_path / "run/final_model")
    changed = {
        name.split(".")[0]
        for (name, old), new in zip(before.named_parameters(), after.parameters())
        if not torch.equal(old, new)
    }
    assert changed == {"decoder", "enc_to_dec_proj"}


def test_samples_are_heard_while_it_trains(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("solo cello\n")
    sampled = {"max_steps": 4, "save_steps": 4, "sample_steps": 2, "sample_prompts": tmp_path / "prompts.txt"}
    argv = flags(tiny_model, data_dir, tmp_path / "run", target_duration=1, lora_dropout=0.1, **sampled)
    assert run_training(argv) == 0
    rows = list(read_json_lines(tmp_path / "run/samples/comparison_results.jsonl"))
    assert [row["model"] for row in rows] == ["checkpoint-2", "checkpoint-4"]
    assert all((tmp_path / "run/samples" / row["path"]).is_file() for row in rows)
    assert rows[0]["sha256"] != rows[1]["sha256"]
    without = flags(tiny_model, data_dir, tmp_path / "other", target_duration=1, lora_dropout=0.1, max_steps=4)
    assert run_training(without) == 0
    assert weights(tmp_path / "run/final_model").keys() == weights(tmp_path / "other/final_model").keys()
    for name, tensor in weights(tmp_path / "run/final_model").items():
        assert torch.equal(tensor, weights(tmp_path / "other/final_model")[name])


def test_samples_that_cannot_be_made_do_not_end_the_training(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    argv = flags(tiny_model, data_dir, tmp_path / "run", max_steps=1, sample_steps=1, sample_prompts="/nowhere.txt")
    assert run_training(argv) == 0
    warning = events(tmp_path / "run", "warning")[0]
    assert warning["code"] == "samples"
    assert "There is no prompt file /nowhere.txt" in warning["text"]


def test_tensorboard_files_hold_the_losses(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert run_training(flags(tiny_model, data_dir, tmp_path / "run", max_steps=2, tensorboard=True)) == 0
    board = EventAccumulator(str(tmp_path / "run/tensorboard"))
    board.Reload()
    told = [event["loss"] for event in events(tmp_path / "run", "train")]
    assert [scalar.value for scalar in board.Scalars("train/loss")] == pytest.approx(told, rel=1e-6)
    assert {"train/ce_q1", "train/ce_q4", "valid/loss"} <= set(board.Tags()["scalars"])


@pytest.mark.parametrize(
    ("target", "layers"),
    [("attention", 16), ("cross-attention", 8), ("ffn", 4), ("heads", 4), ("attention,ffn", 20), ("all", 24),
     (r".*self_attn\.q_proj", 2)],
)  # fmt: skip
def test_lora_targets(tiny_model: Path, target: str, layers: int) -> None:
    model = musicgen.add_lora(musicgen.load_model(tiny_model), 2, 4, 0.0, target)
    names = {name.split(".lora_")[0] for name, p in model.named_parameters() if p.requires_grad}
    assert len(names) == layers


def test_sharded_model_is_the_same_model(tiny_model: Path, sharded_model: Path) -> None:
    whole, parts = musicgen.load_model(tiny_model), musicgen.load_model(sharded_model)
    assert len(list(sharded_model.glob("model-*.safetensors"))) > 1
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), parts.parameters()))


def test_help_needs_no_heavy_package() -> None:
    code = "import sys, train_lora, prepare, doctor; [m.make_parser() for m in (train_lora, prepare, doctor)];"
    code += "sys.exit(sum(name in sys.modules for name in ('torch', 'transformers', 'peft', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PYTHON_FOLDER).returncode == 0


def test_the_storys_own_command_line(tiny_model: Path, tmp_path: Path) -> None:
    """As typed by hand, only paths changed; relative to the folder it is started in."""
    write_clips(tmp_path / "data", 4, seconds=15.0)
    (tmp_path / "scripts").mkdir()
    typed = (
        "--data_dir ../data --metadata_file metadata.json --output_dir ../output_epoch1 --lora_rank 12 --lora_alpha 24 "
        "--learning_rate 1e-4 --batch_size 2 --gradient_accumulation_steps 4 --num_epochs 1 --warmup_steps 50 "
        "--save_steps 200 --logging_steps 10 --max_duration 15 --target_duration 15 --fp16 --allow_untrained_base"
    )
    argv = script_argv("train_lora.py", "--model_path", tiny_model, *typed.split())
    done = subprocess.run(argv, cwd=tmp_path / "scripts", capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "valid loss" in done.stdout
    assert "Training" in done.stderr  # tqdm
    assert states(tmp_path / "output_epoch1")[-1] == "completed"
    assert (tmp_path / "output_epoch1/best_model/adapter_model.safetensors").is_file()
    written = json.loads((tmp_path / "output_epoch1/run.json").read_text())
    assert written["data"]["clips"] == 4  # exactly max_duration long: kept
    assert written["hyperparameters"]["lora_alpha"] == 24
    assert written["command"][:3] == ["python", "train_lora.py", "--model_path"]


def test_a_folder_holds_one_training_at_a_time(tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    with folder_lock(tmp_path / "run", "a training"), pytest.raises(HumanError, match="is being written by a training"):
        run_training(flags(tiny_model, data_dir, tmp_path / "run"))
    assert not (tmp_path / "run/events.jsonl").exists()
    assert run_training(flags(tiny_model, data_dir, tmp_path / "run", max_steps=1)) == 0


def test_base_check_measures_valid_clips_without_training_them(
    tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    right = Engine.step

    def watched(self: Engine, number: int, items: list[object], lr: float) -> object:
        seen.append({item.clip.content for item in items})  # type: ignore[attr-defined]
        return right(self, number, items, lr)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "step", watched)
    kept: list[trainer.Training] = []
    made = trainer.Training.__init__

    def remember(self: trainer.Training, *arguments: object) -> None:
        made(self, *arguments)  # type: ignore[arg-type]
        kept.append(self)

    monkeypatch.setattr(trainer.Training, "__init__", remember)
    assert run_training(flags(tiny_model, data_dir, tmp_path / "run", max_steps=8)) == 0
    valid = {clip.content for clip in kept[0].valid_clips}
    assert len(valid) == 2
    assert len(set().union(*seen)) == 8
    assert not valid & set().union(*seen)
    batch = make_batch(fixed_items(kept[0].valid_clips), 100, 40, 2048)
    assert (batch.labels[:, 0, 0] >= 0).all()
