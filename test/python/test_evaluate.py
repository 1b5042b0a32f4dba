"""evaluate.py as a person meets it: files, names, lengths, resuming, changed prompts, faults. Clips are short."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import script_argv

import evaluate
import launch
import rendering
from errors import HumanError
from musicgen import add_lora, load_model
from runfiles import folder_lock, read_json_lines

PROMPTS = [{"id": f"p{i}", "prompt": f"prompt number {i}"} for i in range(5)]
SHORT = 0.2


@pytest.fixture(scope="module")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's checkpoints: best and checkpoint-20 are one adapter; final and checkpoint-10 others."""
    run = tmp_path_factory.mktemp("runs") / "run"
    peft = add_lora(load_model(tiny_model), 4, 8, 0.0, "attention")
    for seed, names in enumerate((["best_model", "checkpoint-20"], ["final_model"], ["checkpoint-10"])):
        torch.manual_seed(seed)
        for name, parameter in peft.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.5)
        for folder in names:
            peft.save_pretrained(run / folder)
            (run / folder / "checkpoint.json").write_text(json.dumps({"step": 10 * (seed + 1)}), encoding="utf-8")
    (run / "run.json").write_text('{"v": 1, "id": "r"}', encoding="utf-8")
    return run


@pytest.fixture
def bench(tiny_model: Path, trained: Path, tmp_path: Path) -> Bench:
    return Bench(tiny_model, trained, tmp_path)


class Bench:
    """A run with links to the checkpoints, a prompt file, and evaluate.py with all that filled in."""

    def __init__(self, model: Path, trained: Path, folder: Path) -> None:
        self.run_dir = folder / "run"
        self.run_dir.mkdir()
        for path in trained.iterdir():
            (self.run_dir / path.name).symlink_to(path)
        self.model, self.prompts = model, folder / "prompts.json"
        self.out = self.run_dir / "evaluation"
        self.write(PROMPTS)

    def write(self, prompts: list[Any]) -> None:
        self.prompts.write_text(json.dumps(prompts), encoding="utf-8")

    def argv(self, *more: object) -> list[str]:
        given = ["--model_path", self.model, "--run_dir", self.run_dir, "--prompts", self.prompts]
        return [*map(str, given), "--duration", str(SHORT), "--device", "cpu", *map(str, more)]

    def __call__(self, *more: object) -> int:
        return evaluate.main(evaluate.make_parser().parse_args(self.argv(*more)))

    def popen(self, *more: object) -> subprocess.Popen[str]:
        argv = script_argv("evaluate.py", *self.argv(*more))
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def hashes(self, out: Path | None = None) -> dict[str, str]:
        out = out or self.out
        return {
            file.relative_to(out).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(out.glob("*/*.wav"))
        }

    def wait_for_clips(self, process: subprocess.Popen[str], count: int) -> None:
        """Until so many are there, or the process ended."""
        end = time.monotonic() + 240
        while len(self.hashes()) < count and process.poll() is None:
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.005)

    def rows(self) -> list[dict[str, Any]]:
        return list(read_json_lines(self.out / "comparison_results.jsonl"))

    def events(self) -> list[dict[str, Any]]:
        return list(read_json_lines(self.run_dir / "events.jsonl"))


def samples_of(file: Path) -> list[int]:
    """The samples of a WAV file, read by hand so that its header is checked as well."""
    data = file.read_bytes()
    assert (data[:4], data[8:16], data[36:40]) == (b"RIFF", b"WAVEfmt ", b"data")
    kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", data[20:36])
    assert (kind, channels, rate, bits) == (1, 1, 32_000, 16)
    assert struct.unpack("<I", data[40:44])[0] == len(data) - 44
    return list(struct.unpack(f"<{(len(data) - 44) // 2}h", data[44:]))


def test_files_index_and_record(bench: Bench) -> None:
    assert bench() == 0
    names = [f"00{i + 1}_prompt-number-{i}.wav" for i in range(5)]
    for folder in ("base_model", "best_model", "final_model"):
        assert sorted(file.name for file in (bench.out / folder).iterdir()) == names
    rows = bench.rows()
    assert [(row["prompt_id"], row["model"]) for row in rows] == [
        (p["id"], model) for p in PROMPTS for model in ("base", "best", "final")
    ]
    for row in rows:
        data = (bench.out / row["path"]).read_bytes()
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
        assert len(samples_of(bench.out / row["path"])) == SHORT * 32_000
        assert (row["seed"], row["duration_s"], row["sample_rate"]) == (0, SHORT, 32_000)
        assert row["prompt"] == next(p["prompt"] for p in PROMPTS if p["id"] == row["prompt_id"])
    record = json.loads((bench.out / "evaluation.json").read_text())
    assert [(m["name"], m["adapter"], m["step"]) for m in record["models"]] == [
        ("base", None, 0),
        ("best", "best_model", 10),
        ("final", "final_model", 20),
    ]
    assert record["prompts"]["count"] == 5
    assert (bench.out / record["prompts"]["path"]).resolve() == bench.prompts.resolve()
    assert record["sampling"] == {"top_k": 250, "temperature": 1.0, "guidance": 3.0, "duration_s": SHORT}
    hashes = bench.hashes()
    assert len(set(hashes.values())) == 15  # base is not the adapters, no prompt is another
    last = bench.events()[-1]
    assert last["type"] == "evaluation"
    wanted = {"folder": "evaluation", "done": 15, "total": 15, "failed": 0, "eta_s": None, "state": "completed"}
    assert {key: last[key] for key in wanted} == wanted


def test_fifteen_seconds_are_480000_samples(bench: Bench) -> None:
    bench.write(PROMPTS[:1])
    assert bench("--models", "base", "--duration", 15) == 0
    (file,) = (bench.out / "base_model").iterdir()
    samples = samples_of(file)
    assert len(samples) == 480_000
    assert max(map(abs, samples[-640:])) > 0


def test_a_finished_evaluation_is_left_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench()
    before = {file: file.stat().st_mtime_ns for file in bench.out.glob("*/*.wav")}
    monkeypatch.setattr(rendering.Renderer, "render", None)  # would be called if something were to be made
    assert bench() == 0
    assert {file: file.stat().st_mtime_ns for file in bench.out.glob("*/*.wav")} == before
    assert len(bench.rows()) == 15


def test_missing_and_cut_clips_are_made_again_as_they_were(bench: Bench) -> None:
    bench()
    whole = bench.hashes()
    files = sorted(bench.out.glob("*/*.wav"))
    files[1].unlink()
    files[7].write_bytes(files[7].read_bytes()[:100])
    index = bench.out / "comparison_results.jsonl"
    index.write_bytes(index.read_bytes()[:-40])  # a torn last line
    assert bench() == 0
    assert bench.hashes() == whole
    assert len(bench.rows()) == 15


def test_a_changed_prompt_makes_only_itself_again(bench: Bench) -> None:
    bench()
    before = bench.hashes()
    stamps = {path: (bench.out / path).stat().st_mtime_ns for path in before}
    changed = [dict(p) for p in PROMPTS]
    changed[2]["prompt"] = "something else altogether"
    bench.write(changed)
    assert bench() == 0
    after = bench.hashes()
    same = [path for path in before if "number-2" not in path]
    assert {path for path in after if "number-2" in path} == set()
    assert sum("003_something-else-altogether" in path for path in after) == 3
    assert {path: (bench.out / path).stat().st_mtime_ns for path in same} == {path: stamps[path] for path in same}
    assert len(list((bench.out / ".replaced").glob("*/*number-2.wav"))) == 3
    assert len(bench.rows()) == 15


def test_an_inserted_prompt_renames_no_other(bench: Bench) -> None:
    bench()
    before = bench.hashes()
    bench.write([PROMPTS[0], "a new one", *PROMPTS[1:]])
    assert bench() == 0
    after = bench.hashes()
    assert before.items() <= after.items()
    assert len(after) == 18
    assert [row["prompt"] for row in bench.rows()[::3]][:3] == ["prompt number 0", "a new one", "prompt number 1"]


def test_other_sampling_puts_the_old_clips_aside(bench: Bench) -> None:
    bench("--models", "base")
    old = set(bench.hashes().values())
    bench("--models", "base", "--temperature", "0.5")
    aside = {hashlib.sha256(file.read_bytes()).hexdigest() for file in (bench.out / ".replaced").glob("*/*.wav")}
    assert aside == old
    assert len(bench.rows()) == 5


def test_checkpoints_globs_scales_and_seeds_join(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.write(PROMPTS[:2])
    bench()
    before = bench.hashes()
    assert bench("--models", "checkpoint-*,best@0.7,best@0,best@1", "--seed", "0,3") == 0
    after = bench.hashes()
    assert before.items() <= after.items()
    folders = {path.split("/")[0] for path in after}
    assert folders == {
        "base_model", "best_model", "final_model", "best_model@0.7", "best_model@0", "checkpoint-10", "checkpoint-20",
    }  # fmt: skip
    name = "001_prompt-number-0"
    assert after[f"checkpoint-20/{name}.wav"] == after[f"best_model/{name}.wav"]  # one adapter, one noise
    assert after[f"best_model@0/{name}.wav"] == after[f"base_model/{name}.wav"]  # scale 0 is the base
    assert after[f"best_model@0.7/{name}.wav"] not in (after[f"best_model/{name}.wav"], after[f"base_model/{name}.wav"])
    assert after[f"best_model/{name}_s3.wav"] != after[f"best_model/{name}.wav"]
    assert f"base_model/{name}_s3.wav" not in after  # not asked for
    record = json.loads((bench.out / "evaluation.json").read_text())
    names = ["base", "best", "final", "checkpoint-10", "checkpoint-20", "best@0.7", "best@0"]
    assert [model["name"] for model in record["models"]] == names
    assert record["seeds"] == [0, 3]
    assert "are the same adapter" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [[], ["--run_dir"]], ids=["one flag", "a flag each"])
def test_several_runs_in_one_go(bench: Bench, flags: list[str]) -> None:
    bench.write(PROMPTS[:1])
    other = bench.run_dir.with_name("other")
    other.mkdir()
    (other / "best_model").symlink_to((bench.run_dir / "final_model").resolve())
    args = [*bench.argv("--models", "best", "--output_dir", "evaluation_full")]
    at = args.index(str(bench.run_dir)) + 1
    args[at:at] = [*flags, str(other)]
    assert evaluate.main(evaluate.make_parser().parse_args(args)) == 0
    one, two = (bench.hashes(run / "evaluation_full") for run in (bench.run_dir, other))
    assert list(one) == list(two) == ["best_model/001_prompt-number-0.wav"]
    assert one != two


def test_kill_nine_at_random_moments_loses_nothing(bench: Bench) -> None:
    """Killed three times, then finished: the same files as of an evaluation that nobody disturbed."""
    bench.write([*PROMPTS, *({"id": f"q{i}", "prompt": f"more {i}"} for i in range(5))])
    quiet = bench.run_dir / "quiet"
    size = ("--batch_size", 3)
    assert bench(*size, "--output_dir", quiet) == 0
    luck = random.Random(4)
    counts = []
    for _ in range(3):
        process = bench.popen(*size)
        bench.wait_for_clips(process, len(bench.hashes()) + luck.randint(1, 8))
        process.kill()
        process.communicate()
        counts.append(len(bench.hashes()))
    assert counts == sorted(counts)
    assert bench(*size) == 0
    assert bench.hashes() == bench.hashes(quiet)
    assert len(bench.hashes()) == 30
    assert [row["path"] for row in bench.rows()] == [
        row["path"] for row in read_json_lines(quiet / "comparison_results.jsonl")
    ]
    assert not list(bench.out.rglob(".*.tmp"))


def test_sigterm_ends_as_stopped_and_the_next_goes_on(bench: Bench) -> None:
    process = bench.popen("--batch_size", 3, "--duration", 4)
    bench.wait_for_clips(process, 1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 143, errors
    last = bench.events()[-1]
    assert last["state"] == "stopped"
    assert last["done"] == len(bench.hashes()) == len(bench.rows())
    assert 0 < last["done"] < 15
    assert bench("--batch_size", 3, "--duration", 4) == 0
    assert len(bench.hashes()) == 15


def test_out_of_memory_halves_the_batch_and_is_recorded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    init = rendering.Decoder.__init__

    def small(self: Any, weights: Any, prompts: int, *rest: Any) -> None:
        if prompts * weights.models > 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        init(self, weights, prompts, *rest)

    monkeypatch.setattr(rendering.Decoder, "__init__", small)
    assert bench("--batch_size", 15) == 0
    assert len(bench.hashes()) == 15
    plan = json.loads((bench.out / "evaluation.json").read_text())["plan"]
    assert plan["batch_size"] == 3
    assert len(plan["changes"]) == 2
    assert "can't allocate" in plan["changes"][0]


def test_a_process_short_of_memory_still_makes_its_own_share(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two processes one halves its batches and the other does not: no clip is left to nobody."""

    class One(launch.Processes):
        def __init__(self, rank: int) -> None:
            self.rank, self.count, self.device = rank, 2, torch.device("cpu")

        def least(self, numbers: Sequence[int]) -> list[int]:
            return list(numbers)

        def wait(self) -> None: ...

        def end(self) -> None: ...

    init = rendering.Decoder.__init__

    def small(self: Any, weights: Any, prompts: int, *rest: Any) -> None:
        if prompts * weights.models > 3:
            raise MemoryError("no memory")
        init(self, weights, prompts, *rest)

    monkeypatch.setattr(launch, "Processes", lambda _: One(1))
    bench("--batch_size", 6)
    others = set(bench.hashes())
    assert 0 < len(others) < 15
    monkeypatch.setattr(launch, "Processes", lambda _: One(0))
    monkeypatch.setattr(rendering.Decoder, "__init__", small)
    bench("--batch_size", 6)
    assert len(bench.hashes()) == 15


def test_out_of_memory_for_one_clip_is_a_sentence(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: Any) -> None:
        raise MemoryError("no memory at all")

    monkeypatch.setattr(rendering.Decoder, "__init__", none)
    with pytest.raises(HumanError, match="does not suffice for a single clip") as refused:
        bench()
    last = bench.events()[-1]
    assert (last["state"], last["reason"], last["says"]) == ("failed", str(refused.value), "clip-memory")
    assert last["values"] == {"seconds": SHORT, "why": "no memory at all"}


def test_what_breaks_an_evaluation_off_is_told_as_it_came(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("of the library")

    monkeypatch.setattr(rendering.Decoder, "__init__", broken)
    with pytest.raises(ValueError, match="of the library"):
        bench()
    last = bench.events()[-1]
    assert (last["state"], last["reason"]) == ("failed", "of the library")
    assert not {"says", "values"} & set(last)


def test_memory_that_lacks_in_the_codec_loses_no_clip(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = rendering.samples_of

    def small(model: Any, features: torch.Tensor) -> torch.Tensor:
        if len(features) > 2:
            raise MemoryError("codec")
        return voice(model, features)

    monkeypatch.setattr(rendering, "samples_of", small)
    assert bench("--batch_size", 6) == 0
    assert len(bench.hashes()) == 15


def test_a_failed_clip_is_one_failed_clip(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = bench.out / "best_model" / "002_prompt-number-1.wav"
    blocked.mkdir(parents=True)
    assert bench() == 1
    assert len([file for file in bench.out.glob("*/*.wav") if file.is_file()]) == 14
    assert "002_prompt-number-1.wav failed" in capsys.readouterr().err
    last = bench.events()[-1]
    assert (last["done"], last["failed"], last["state"]) == (14, 1, "completed")
    blocked.rmdir()
    assert bench() == 0
    assert len(bench.hashes()) == 15


def test_a_checkpoint_of_nan_fails_its_own_clips_only(bench: Bench, tiny_model: Path) -> None:
    peft = add_lora(load_model(tiny_model), 4, 8, 0.0, "attention")
    for name, parameter in peft.named_parameters():
        if "lora_B" in name:
            torch.nn.init.constant_(parameter, float("nan"))
    peft.save_pretrained(bench.run_dir / "checkpoint-99")
    assert bench("--models", "base,checkpoint-99") == 1
    assert [path.split("/")[0] for path in bench.hashes()] == ["base_model"] * 5
    last = bench.events()[-1]
    assert (last["done"], last["failed"]) == (5, 5)


def test_a_full_disk_is_told_and_what_was_made_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seventh file meets a full disk: the system's own error, at the system's own call."""
    whole = bench.run_dir / "whole"
    bench("--output_dir", whole)
    write, made = Path.write_bytes, []

    def until_full(self: Path, data: bytes) -> int:
        if self.suffix == ".tmp":
            made.append(self)
            if len(made) > 6:
                raise OSError(28, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", until_full)
    with pytest.raises(HumanError, match="disk is full"):
        bench("--batch_size", 3)
    kept = bench.hashes()
    assert len(kept) == 6
    assert bench.events()[-1]["state"] == "failed"
    monkeypatch.undo()
    assert bench("--batch_size", 3) == 0
    assert kept.items() <= bench.hashes().items()
    assert len(bench.hashes()) == 15


def test_a_folder_has_one_writer(bench: Bench) -> None:
    bench.out.mkdir()
    with folder_lock(bench.out, "an evaluation"), pytest.raises(HumanError, match="is being written by an evaluation"):
        bench()
    assert bench("--models", "base") == 0


def test_loud_clips_are_turned_down_not_bent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = rendering.samples_of
    bench.write(PROMPTS[:1])
    bench("--models", "base", "--output_dir", bench.run_dir / "plain")
    plain = samples_of(next((bench.run_dir / "plain").glob("*/*.wav")))
    monkeypatch.setattr(rendering, "samples_of", lambda *given: 10 * voice(*given))
    bench("--models", "base")
    loud = samples_of(next(bench.out.glob("*/*.wav")))
    peak = max(map(abs, loud))
    assert peak == round(0.999 * 32767)
    factor = peak / max(map(abs, plain))
    assert all(abs(a - factor * b) <= 1 + factor for a, b in zip(loud, plain))
    assert bench.rows()[0]["gain_db"] < 0


def test_hostile_prompts_become_safe_files(bench: Bench) -> None:
    hostile = ["../../x", "$(touch pwned)", "'; rm -rf / #", "a\nb\0c", "🎷", "w" * 300, "-n", 'say "hi"', "..", "a/b"]
    bench.write(hostile)
    assert bench("--models", "base") == 0
    files = list(bench.out.rglob("*.wav"))
    assert len(files) == len(hostile)
    assert {file.parent for file in files} == {bench.out / "base_model"}
    assert [row["prompt"] for row in bench.rows()] == hostile


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--models", "bset"], "has no checkpoint bset. It has: best_model, checkpoint-10"),
        (["--models", ","], "names no model"),
        (["--models", "base@0.5"], "base has no adapter"),
        (["--models", "best@loud"], "from 0 to 10"),
        (["--models", "../run/best_model"], "no name of a checkpoint"),
        (["--seed", "x"], "--seed is a number"),
        (["--batch_size", "0"], "--batch_size 1 or more"),
        (["--duration", "0"], "from 0.1 to 120 s"),
        (["--top_k", "0"], "--top_k is at least 1"),
        (["--prompts", "nowhere.json"], "no prompt file"),
        (["--model_path", "nowhere"], "no model folder"),
        (["--run_dir", "nowhere"], "no run folder"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(bench: Bench, more: list[str], says: str) -> None:
    with pytest.raises(HumanError, match=says) as refused:
        bench(*more)
    assert not bench.out.exists()
    assert not Path("nowhere").exists()
    (told,) = bench.events()
    assert (told["type"], told["folder"], told["state"]) == ("evaluation", "evaluation", "failed")
    assert {key: told[key] for key in ("reason", "says", "values")} == {
        "reason": str(refused.value),
        **refused.value.parts,
    }


def test_a_run_is_no_output_folder(bench: Bench) -> None:
    with pytest.raises(HumanError, match="holds a run or a checkpoint"):
        bench("--output_dir", bench.run_dir)
    with pytest.raises(HumanError, match="is a file"):
        bench("--output_dir", bench.prompts)


def test_an_adapter_of_another_base_is_refused_with_both_named(bench: Bench, tiny_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    source = bench.run_dir / "best_model"
    target = bench.run_dir / "checkpoint-77"
    target.mkdir()
    (target / "adapter_config.json").write_bytes((source / "adapter_config.json").read_bytes())
    wide = {key: torch.cat([value, value], 1 if "lora_A" in key else 0) for key, value in load_file(
        source / "adapter_model.safetensors").items()}  # fmt: skip
    save_file(wide, target / "adapter_model.safetensors")
    with pytest.raises(HumanError, match="another base model") as caught:
        bench("--models", "base,checkpoint-77")
    assert str(tiny_model) in str(caught.value)
    assert "128 wide there and 64 wide here" in str(caught.value)


def test_the_command_line_says_what_it_refuses(script: Callable[..., Any], bench: Bench) -> None:
    done = script("evaluate.py", *bench.argv("--models", "bset"))
    assert done.returncode == 2
    assert done.stderr.startswith("Error: The run ")
    assert "Traceback" not in done.stderr


def test_help_is_instant(script: Callable[..., Any]) -> None:
    """No heavy import: the help of a script that cannot import torch."""
    done = script("evaluate.py", "--help", env={**os.environ, "PYTHONSAFEPATH": "", "PYTHONPATH": ""})
    assert done.returncode == 0
    assert "best@0.7" in done.stdout
    code = "import sys, evaluate; evaluate.make_parser(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([*script_argv("")[:1], "-c", code], cwd=Path(evaluate.__file__).parent).returncode == 0


def test_two_processes_share_the_prompts(bench: Bench) -> None:
    """Under torchrun: each clip once, the same files as from one process with the same batches, progress of all."""
    alone = bench.run_dir / "alone"
    assert bench("--batch_size", 6, "--output_dir", alone) == 0
    torchrun = ["-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=0", "--standalone"]
    argv = script_argv("evaluate.py", *bench.argv("--batch_size", 6))
    done = subprocess.run([argv[0], *torchrun, *argv[1:]], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert bench.hashes() == bench.hashes(alone)
    assert len(bench.rows()) == 15
    last = bench.events()[-1]
    assert (last["done"], last["total"], last["state"]) == (15, 15, "completed")
