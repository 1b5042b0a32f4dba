"""export.py: merged folders and adapters alone, proved by loading them with transformers and peft themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import export
from errors import HumanError
from forward import decoder_logits
from musicgen import add_lora, attach_adapters, load_model


@pytest.fixture(scope="module")
def adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("export") / "my run"
    peft = add_lora(load_model(tiny_model), 4, 8, 0.0, "all")
    for name, parameter in peft.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    peft.save_pretrained(run / "best_model")
    (run / "best_model" / "checkpoint.json").write_text('{"step": 40, "valid_loss": 3.2}', encoding="utf-8")
    (run / "run.json").write_text(json.dumps({"name": "my run", "hyperparameters": {"lora_rank": 4}}), encoding="utf-8")
    return run / "best_model"


def exported(*more: object) -> int:
    return export.main(export.make_parser().parse_args([str(word) for word in more]))


def logits(model: Any) -> torch.Tensor:
    torch.manual_seed(5)
    with torch.no_grad():
        return decoder_logits(model, torch.randint(0, 2048, (2, 15, 4)), torch.randn(2, 4, 48), torch.ones(2, 4))


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_merged_folder_loads_like_a_base_and_says_what_base_and_adapter_say(
    tiny_model: Path, adapter: Path, tmp_path: Path, scale: float
) -> None:
    from transformers import AutoProcessor, MusicgenForConditionalGeneration

    out = tmp_path / "merged"
    given = ["--model_path", tiny_model, "--checkpoint", adapter, "--output_dir", out]
    assert exported(*given, "--lora_scale", scale) == 0
    merged = MusicgenForConditionalGeneration.from_pretrained(out).eval()
    with_adapter = attach_adapters(load_model(tiny_model), {"a": adapter})
    for layer in with_adapter.modules():
        if hasattr(layer, "scaling") and isinstance(layer.scaling, dict):
            layer.scaling["a"] *= scale
    torch.testing.assert_close(logits(merged), logits(with_adapter), atol=1e-4, rtol=1e-4)
    assert (logits(merged) - logits(load_model(tiny_model))).abs().max() > 0.1
    processor = AutoProcessor.from_pretrained(out)
    assert processor(text=["slow guitar"], return_tensors="pt")["input_ids"].shape[0] == 1
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "step 40" in card
    assert "lora_rank: 4" in card


def test_an_adapter_alone_loads_with_peft(tiny_model: Path, adapter: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    out = tmp_path / "adapter"
    assert exported("--model_path", tiny_model, "--checkpoint", adapter, "--output_dir", out, "--adapter_only") == 0
    again = PeftModel.from_pretrained(load_model(tiny_model), str(out))
    torch.testing.assert_close(logits(again), logits(attach_adapters(load_model(tiny_model), {"a": adapter})))
    assert sorted(file.name for file in out.iterdir()) == [
        "README.md", "adapter_config.json", "adapter_model.safetensors", "checkpoint.json",
    ]  # fmt: skip


def test_nothing_is_written_when_the_result_is_not_what_it_should_be(
    tiny_model: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import checkpoints

    honest = checkpoints.decoder_states
    monkeypatch.setattr(
        checkpoints,
        "decoder_states",
        lambda *given: [{name: value * 1.01 for name, value in state.items()} for state in honest(*given)],
    )
    out = tmp_path / "wrong"
    with pytest.raises(HumanError, match="thrown away"):
        exported("--model_path", tiny_model, "--checkpoint", adapter, "--output_dir", out)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_told(tiny_model: Path, adapter: Path, tmp_path: Path) -> None:
    common = ["--model_path", tiny_model, "--checkpoint"]
    with pytest.raises(HumanError, match="holds no adapter"):
        exported(*common, tmp_path, "--output_dir", tmp_path / "x")
    with pytest.raises(HumanError, match="not empty"):
        exported(*common, adapter, "--output_dir", adapter)
    with pytest.raises(HumanError, match="its own scale"):
        exported(*common, adapter, "--output_dir", tmp_path / "x", "--adapter_only", "--lora_scale", 0.5)
