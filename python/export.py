"""Turns a chosen checkpoint into something that works without Earmark.

    python export.py --model_path ../models/musicgen-small --checkpoint ../output_epoch3/best_model \\
        --output_dir ../models/my-style
    python export.py --model_path … --checkpoint … --output_dir ../my-style-adapter --adapter_only

Without --adapter_only the adapter is merged into a whole model folder, which
MusicgenForConditionalGeneration.from_pretrained and AutoProcessor load like the base. With it the adapter alone is
copied, with a model card. Either is loaded again and its logits are compared with those of base and adapter before the
folder appears; when they differ nothing is written.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import HumanError, run_script

if TYPE_CHECKING:
    import torch

TOLERANCE = 1e-3


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model_path", required=True, help="folder of the base model")
    add("--checkpoint", type=Path, required=True, help="folder of the adapter, such as best_model of a run")
    add("--output_dir", type=Path, required=True, help="folder to make; must not hold anything yet")
    add("--adapter_only", action="store_true", help="copy the adapter with a model card instead of merging it")
    add("--lora_scale", type=float, default=1.0, help="how much of the adapter is merged (default: 1)")
    return parser


def main(args: argparse.Namespace) -> int:
    from musicgen import is_adapter, load_model
    from runfiles import disk_error

    if args.output_dir.exists() and (not args.output_dir.is_dir() or any(args.output_dir.iterdir())):
        raise HumanError(f"{args.output_dir} is there already and not empty. Give --output_dir a new folder.")
    if args.adapter_only and args.lora_scale != 1.0:
        raise HumanError("An adapter alone keeps its own scale: leave --lora_scale or --adapter_only out.")
    if not is_adapter(args.checkpoint):
        raise HumanError(f"{args.checkpoint} holds no adapter (adapter_config.json and adapter_model.safetensors).")
    model = load_model(args.model_path)
    temporary = args.output_dir.with_name(f".{args.output_dir.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        difference = (write_adapter if args.adapter_only else write_merged)(model, args, temporary)
        if difference > TOLERANCE:
            raise HumanError(
                f"What was exported does not say what base and adapter say (logits differ by {difference:.2g}), so it "
                "was thrown away. Check that --model_path is the base that the adapter was trained on."
            )
        if args.output_dir.exists():
            args.output_dir.rmdir()
        os.replace(temporary, args.output_dir)
    except OSError as error:
        raise disk_error(error, args.output_dir) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    what = "the adapter" if args.adapter_only else "the merged model"
    print(f"Wrote {what} to {args.output_dir}; its logits are those of base and adapter (within {difference:.1g}).")
    return 0


def write_merged(model: Any, args: argparse.Namespace, folder: Path) -> float:
    """Writes the whole model; returns the largest difference of logits between it and base with adapter."""
    from checkpoints import Model, decoder_states
    from musicgen import load_model, load_tokenizer

    wanted = probe(model, args.checkpoint, args.lora_scale)
    (state,) = decoder_states(model, [Model("merged", args.checkpoint, args.lora_scale)])
    model.load_state_dict(state, strict=False)
    model.save_pretrained(folder)
    load_tokenizer(args.model_path).save_pretrained(folder)
    source = Path(args.model_path)
    for name in ("preprocessor_config.json", "processor_config.json", "generation_config.json"):
        if (source / name).is_file() and not (folder / name).exists():
            shutil.copyfile(source / name, folder / name)
    write_card(args, folder)
    return float((probe(load_model(folder)) - wanted).abs().max())


def write_adapter(model: Any, args: argparse.Namespace, folder: Path) -> float:
    wanted = probe(model, args.checkpoint)
    for name in ("adapter_config.json", "adapter_model.safetensors", "checkpoint.json"):
        if (args.checkpoint / name).is_file():
            shutil.copyfile(args.checkpoint / name, folder / name)
    write_card(args, folder)
    return float((probe(model, folder) - wanted).abs().max())


def probe(model: Any, adapter: Path | None = None, scale: float = 1.0) -> torch.Tensor:
    """Logits for fixed codes and a fixed text, of the model with an adapter by peft. The model stays as it is."""
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    from forward import decoder_logits
    from musicgen import attach_adapters

    random = torch.Generator().manual_seed(0)
    decoder = model.config.decoder
    labels = torch.randint(0, decoder.vocab_size, (1, 24, decoder.num_codebooks), generator=random)
    states = torch.randn(1, 6, model.config.text_encoder.d_model, generator=random)
    attached = attach_adapters(model, {"a": adapter}) if adapter else None
    try:
        if attached is not None:
            for layer in attached.modules():
                if isinstance(layer, BaseTunerLayer):
                    layer.scaling["a"] *= scale
        with torch.no_grad():
            return decoder_logits(attached or model, labels, states, torch.ones(1, 6))
    finally:
        if attached is not None:
            attached.unload()


def write_card(args: argparse.Namespace, folder: Path) -> None:
    """README.md in the form that model hubs read: what it is, of what, and how to load it."""
    run = _json(args.checkpoint.parent / "run.json")
    checkpoint = _json(args.checkpoint / "checkpoint.json")
    base = _json(args.checkpoint / "adapter_config.json").get("base_model_name_or_path") or str(args.model_path)
    load = (
        "base = MusicgenForConditionalGeneration.from_pretrained(BASE)\nmodel = PeftModel.from_pretrained(base, FOLDER)"
        if args.adapter_only
        else "model = MusicgenForConditionalGeneration.from_pretrained(FOLDER)"
    )
    facts = [f"- base model: {base}", f"- run: {run.get('name', args.checkpoint.resolve().parent.name)}"]
    if "step" in checkpoint:
        facts.append(f"- checkpoint: {args.checkpoint.name}, step {checkpoint['step']}")
    if isinstance(checkpoint.get("valid_loss"), (int, float)):
        facts.append(f"- validation loss: {checkpoint['valid_loss']:.4f}")
    if not args.adapter_only and args.lora_scale != 1.0:
        facts.append(f"- adapter merged at scale {args.lora_scale:g}")
    facts += [f"- {key}: {value}" for key, value in run.get("hyperparameters", {}).items() if value is not None]
    peft = "from peft import PeftModel\n" if args.adapter_only else ""
    text = (
        f"---\nlibrary_name: {'peft' if args.adapter_only else 'transformers'}\npipeline_tag: text-to-audio\n"
        f"tags: [musicgen, lora]\n---\n\n# {args.output_dir.name}\n\nA fine-tuning of MusicGen with LoRA.\n\n"
        + "\n".join(facts)
        + f"\n\n```python\nfrom transformers import MusicgenForConditionalGeneration\n{peft}{load}\n```\n"
    )
    (folder / "README.md").write_text(text, encoding="utf-8", errors="backslashreplace")


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


if __name__ == "__main__":
    run_script(make_parser, main)
