"""Scores an evaluation without downloading anything, and writes scores.jsonl beside its index.

    python scores.py --model_path ../models/musicgen-small --evaluation ../output_epoch3/evaluation_full \\
        --run_dir ../output_epoch3 --data_dir ../data --metadata_file metadata.json

A line a model ("kind": "model"):
  loss, ce           teacher-forced loss on the clips that validate (--valid_fraction, --seed as in training), nats
  kad, kad_low/high  distance to the data set in the codec's latent (100 · MMD²) and its 95 % interval; 0 is none
  diversity          mean distance between clips of different prompts; 1 is as different as the data set's clips are
A line a clip ("kind": "clip"):
  nearest            the training clip that it is nearest to
  nearness           share of the training clips that are farther from their own nearest neighbour than this clip is
                     from its nearest: close to 1 may be a copy; listen to both

Without --data_dir only diversity is known, as a plain distance. The figures order checkpoints of one data set; they say
nothing about taste.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import HumanError, run_script
from options import add_data_options, one_or_more

if TYPE_CHECKING:
    from cache import Clip

LOSS_BATCH = 8


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model_path", required=True, help="folder of the base model")
    add("--evaluation", type=Path, required=True, help="folder of the evaluation")
    add("--run_dir", type=Path, help="folder of the run (default: the one that the evaluation is in)")
    add("--data_dir", help="folder of the clips that were trained on")
    add_data_options(parser)
    add("--seed", type=int, default=42, help="of the split into train and valid (default: 42)")
    add("--max_clips", type=one_or_more, default=500, help="training clips to compare with (default: 500)")
    add("--device", choices=("auto", "cuda", "cpu"), default="auto")
    return parser


def main(args: argparse.Namespace) -> int:
    from evaluation_folder import INDEX
    from launch import Processes
    from musicgen import load_model, load_tokenizer
    from runfiles import appearing, json_safe, read_json_lines

    index = read_json_lines(args.evaluation / INDEX)
    rows = [row for row in index if (args.evaluation / str(row.get("path"))).is_file()]
    if not rows:
        raise HumanError(f"{args.evaluation} holds no evaluation with clips ({INDEX}). Run evaluate.py first.")
    model = load_model(args.model_path, Processes(args.device).device)
    made = [latent_windows(model, encode_file(model, args.evaluation / row["path"])) for row in rows]
    train, valid = data_clips(args, model, load_tokenizer(args.model_path)) if args.data_dir else ([], [])
    reference = [latent_windows(model, clip.codes.long()) for clip in train[: args.max_clips]]
    names = [clip.row.named for clip in train[: args.max_clips]]
    lines = clip_lines(rows, made, reference, names) + model_lines(rows, made, reference)
    if valid:
        add_losses(lines, model, args, valid)
    file = args.evaluation / "scores.jsonl"
    with appearing(file) as temporary:
        text = "".join(json.dumps(json_safe(line), ensure_ascii=False) + "\n" for line in lines)
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    show([line for line in lines if line["kind"] == "model"])
    print(f"Wrote {file}")
    return 0


def clip_lines(
    rows: Sequence[dict[str, Any]], made: Sequence[Any], reference: Sequence[Any], names: Sequence[str]
) -> list[dict[str, Any]]:
    import numpy as np

    from scoring import Scale, nearest, nearest_within

    known = ("prompt_id", "model", "path", "seed", "sha256")
    lines = [{"v": 1, "kind": "clip", **{key: row.get(key) for key in known}} for row in rows]
    if len(reference) < 2:
        return lines
    scale = Scale(reference)
    scaled = scale(reference)
    usual = nearest_within(scaled)
    for line, windows in zip(lines, scale(made)):
        place, distance = nearest(windows, scaled)
        farther = len(usual) - int(np.searchsorted(usual, distance, side="right"))
        line.update(nearest=names[place], nearness=round(farther / len(usual), 4))
    return lines


def model_lines(rows: Sequence[dict[str, Any]], made: Sequence[Any], reference: Sequence[Any]) -> list[dict[str, Any]]:
    from scoring import Scale, diversity, kernel_distance

    enough = len(reference) >= 2
    scale = Scale(reference if enough else made)
    scaled = scale(reference)
    groups: dict[tuple[Any, Any], list[Any]] = {}
    for row, windows in zip(rows, scale(made)):
        groups.setdefault((row.get("model"), row.get("seed")), []).append(windows)
    lines = []
    for (name, seed), clips in groups.items():
        line = {"v": 1, "kind": "model", "model": name, "seed": seed, "clips": len(clips)}
        line["diversity"] = diversity(clips) / ((diversity(scaled) if enough else 1.0) or 1.0)
        if enough and len(clips) >= 2:
            line["kad"], line["kad_low"], line["kad_high"] = kernel_distance(clips, scaled)
        lines.append(line)
    return lines


def add_losses(lines: list[dict[str, Any]], model: Any, args: argparse.Namespace, valid: Sequence[Clip]) -> None:
    """Adds the loss of each model of the evaluation to its lines; the same whatever the seed of its clips."""
    from checkpoints import decoder_states, find_models

    run_dir = args.run_dir or args.evaluation.resolve().parent
    names = list(dict.fromkeys(line["model"] for line in lines if line["kind"] == "model"))
    base = {name: value.clone() for name, value in model.state_dict().items()}
    for name in names:
        (state,) = decoder_states(model, find_models(run_dir, name))
        model.load_state_dict(state, strict=False)
        ce = mean_losses(model, valid)
        model.load_state_dict(base)
        for line in lines:
            if line["kind"] == "model" and line["model"] == name:
                line.update(loss=sum(ce) / len(ce), ce=ce, loss_clips=len(valid))


def mean_losses(model: Any, clips: Sequence[Clip]) -> list[float]:
    """Loss of each codebook, mean over the clips' positions."""
    import torch

    from dataset import fixed_items, make_batch
    from forward import codebook_loss, decoder_logits

    items = fixed_items(clips)
    frames = max(clip.codes.shape[1] for clip in clips)
    tokens = max(clip.text.shape[0] for clip in clips)
    sums = counts = torch.zeros(model.config.decoder.num_codebooks, device=model.device)
    with torch.no_grad():
        for start in range(0, len(items), LOSS_BATCH):
            batch = make_batch(items[start : start + LOSS_BATCH], frames, tokens, model.config.decoder.vocab_size)
            batch = batch.to(model.device)
            loss, count = codebook_loss(decoder_logits(model, batch.labels, batch.states, batch.mask), batch.labels)
            sums, counts = sums + loss, counts + count
    return (sums / counts.clamp(min=1)).tolist()


def data_clips(args: argparse.Namespace, model: Any, tokenizer: Any) -> tuple[list[Clip], list[Clip]]:
    """(train, valid), as training splits them."""
    from dataset import split
    from metadata import metadata_path, read_metadata
    from preparing import prepare_clips

    folder = Path(args.data_dir)
    rows = read_metadata(metadata_path(args.metadata_file, folder), folder)
    return split(prepare_clips(args, rows, model, tokenizer).clips, args.valid_fraction, args.seed)


def encode_file(model: Any, path: Path) -> Any:
    """Codes (K, T) of a clip of the evaluation."""
    import torch

    from audio import Dropped, read_audio
    from evaluation_folder import RATE
    from musicgen import encode_audio

    try:
        samples, _ = read_audio(path, RATE, 600.0, crop=True)
    except Dropped as reason:
        raise HumanError(f"{path} could not be read ({reason}). Delete it and run evaluate.py again.") from reason
    return encode_audio(model, torch.from_numpy(samples)[None].to(model.device))[0].long()


def latent_windows(model: Any, codes: Any) -> Any:
    """scoring.windows_of the codec's latent for codes (K, T)."""
    import torch

    from scoring import windows_of

    with torch.no_grad():
        latent = model.audio_encoder.quantizer.decode(codes[:, None].to(model.device))[0]
    return windows_of(latent.float().cpu().numpy())


def show(lines: Sequence[dict[str, Any]]) -> None:
    for line in lines:
        seed = "" if line["seed"] in (0, None) else f" seed {line['seed']}"
        parts = [f"{line['model']}{seed}:", f"diversity {line['diversity']:.2f}"]
        if "kad" in line:
            parts.append(f"distance {line['kad']:.2f} ({line['kad_low']:.2f} to {line['kad_high']:.2f})")
        if "loss" in line:
            parts.append(f"loss {line['loss']:.4f} on {line['loss_clips']} clips")
        print(" · ".join(parts), file=sys.stdout)


if __name__ == "__main__":
    run_script(make_parser, main)
