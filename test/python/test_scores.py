"""scoring.py on sets whose answer is known, and scores.py on an evaluation of the tiny model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import evaluate
import scores
from errors import HumanError
from musicgen import add_lora, load_model
from runfiles import read_json_lines
from scoring import Scale, diversity, kernel_distance, nearest, nearest_within, windows_of


def cloud(count: int, shift: float, seed: int, spread: float = 1.0) -> list[Any]:
    """Clips of five windows in eight dimensions; windows of a clip are alike."""
    random = np.random.default_rng(seed)
    centres = shift + spread * random.standard_normal((count, 1, 8))
    return list((centres + 0.3 * random.standard_normal((count, 5, 8))).astype(np.float32))


def test_distance_is_about_zero_for_one_kind_of_clips_and_grows_with_the_difference() -> None:
    reference = cloud(60, 0.0, 1)
    same, low, high = kernel_distance(cloud(50, 0.0, 2), reference)
    assert low < 0.5
    assert abs(same) < 2.0
    near, near_low, _ = kernel_distance(cloud(50, 0.5, 3), reference)
    far, far_low, _ = kernel_distance(cloud(50, 2.0, 4), reference)
    assert same < near < far
    assert near_low > high - 1.0
    assert far_low > near


def test_distance_has_no_bias_at_few_clips() -> None:
    """The mean over many small samples of one kind is zero, which a biased estimate misses by far."""
    values = [kernel_distance(cloud(10, 0.0, 10 + i), cloud(10, 0.0, 500 + i), draws=2)[0] for i in range(60)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))


def test_the_interval_is_repeatable_and_holds_the_value() -> None:
    one = kernel_distance(cloud(30, 0.4, 1), cloud(30, 0.0, 2))
    assert one == kernel_distance(cloud(30, 0.4, 1), cloud(30, 0.0, 2))
    assert one[1] <= one[0] <= one[2]


def test_diversity_and_nearest() -> None:
    assert diversity(cloud(30, 0.0, 1, spread=2.0)) > 1.5 * diversity(cloud(30, 0.0, 1, spread=1.0))
    clips = cloud(20, 0.0, 1)
    assert diversity(clips[:1]) == 0.0
    place, distance = nearest(clips[7] + 0.001, clips)
    assert place == 7
    assert distance < nearest_within(clips)[0]


def test_scale_and_windows() -> None:
    clips = [clip * 7 + 3 for clip in cloud(40, 0.0, 1)]
    together = np.concatenate(Scale(clips)(clips))
    np.testing.assert_allclose(together.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(together.std(0), 1, atol=1e-4)
    assert windows_of(np.ones((4, 160))).shape == (3, 8)
    assert windows_of(np.ones((4, 20))).shape == (1, 8)


@pytest.fixture(scope="module")
def run_dir(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("scores") / "run"
    peft = add_lora(load_model(tiny_model), 4, 8, 0.0, "attention")
    for name, parameter in peft.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    peft.save_pretrained(run / "best_model")
    prompts = run / "prompts.txt"
    prompts.write_text("slow guitar\nfast drums\nwarm pad\n", encoding="utf-8")
    given = ["--model_path", tiny_model, "--run_dir", run, "--prompts", prompts, "--models", "base,best"]
    evaluate.main(evaluate.make_parser().parse_args([*map(str, given), "--duration", "2", "--device", "cpu"]))
    return run


def test_scores_of_an_evaluation(tiny_model: Path, run_dir: Path, data_dir: Path, tmp_path: Path) -> None:
    data = shutil.copytree(data_dir, tmp_path / "data")
    evaluation = run_dir / "evaluation"
    # A clip of the data set among the generated ones: a perfect copy.
    rows = list(read_json_lines(evaluation / "comparison_results.jsonl"))
    copied = evaluation / rows[0]["path"]
    before = copied.read_bytes()
    shutil.copyfile(data / "clip_03.wav", copied)
    given = ["--model_path", tiny_model, "--evaluation", evaluation, "--data_dir", data, "--valid_fraction", 0.2]
    given += ["--seed", 1, "--device", "cpu"]
    try:
        assert scores.main(scores.make_parser().parse_args([*map(str, given)])) == 0
    finally:
        copied.write_bytes(before)
    lines = list(read_json_lines(evaluation / "scores.jsonl"))
    clips = {line["path"]: line for line in lines if line["kind"] == "clip"}
    models = {line["model"]: line for line in lines if line["kind"] == "model"}
    assert len(clips) == 6
    assert set(models) == {"base", "best"}
    assert clips[rows[0]["path"]]["nearest"] == "clip_03.wav"
    assert clips[rows[0]["path"]]["nearness"] == 1.0
    assert max(line["nearness"] for path, line in clips.items() if path != rows[0]["path"]) < 1.0
    for line in models.values():
        assert line["clips"] == 3
        assert line["kad_low"] <= line["kad"] <= line["kad_high"]
        assert line["loss"] == pytest.approx(sum(line["ce"]) / 4)
        assert line["loss_clips"] == 2
        assert 7 < line["loss"] < 9  # random weights know nothing: about ln 2048
    assert models["base"]["loss"] != models["best"]["loss"]


def test_scores_without_data_and_without_clips(tiny_model: Path, run_dir: Path, tmp_path: Path) -> None:
    evaluation = run_dir / "evaluation"
    given = ["--model_path", str(tiny_model), "--device", "cpu", "--evaluation"]
    assert scores.main(scores.make_parser().parse_args([*given, str(evaluation)])) == 0
    lines = [json.loads(line) for line in (evaluation / "scores.jsonl").read_text().splitlines()]
    assert {line["kind"] for line in lines} == {"clip", "model"}
    assert all("kad" not in line and "nearest" not in line for line in lines)
    with pytest.raises(HumanError, match="Run evaluate"):
        scores.main(scores.make_parser().parse_args([*given, str(tmp_path)]))
