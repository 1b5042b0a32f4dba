"""The part of doctor.py that loads the model: forward pass, data, what the base knows, what a run will take."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from cache import Clip
from checks import Check, check
from datareport import data_checks, data_report
from dataset import fixed_items, make_batch, split
from engine import Engine
from forward import codebook_loss, decoder_logits, delayed_labels
from launch import Processes
from metadata import metadata_path, read_metadata
from musicgen import add_lora, load_model, load_tokenizer, trainable
from preparing import prepare_clips

CLIPS = 16
CLEARLY = 0.1
"""Nats by which the true delay has to beat the others for a model that knows music."""
UNTRAINED = 0.92


def inspect(args: argparse.Namespace, found: dict[str, Any]) -> Iterator[Check]:
    """Raises HumanError where the model or the data cannot be read at all."""
    device = Processes(args.device).device
    model = load_model(args.model_path, device)
    tokenizer = load_tokenizer(args.model_path)
    decoder = model.config.decoder
    count = sum(p.numel() for p in model.parameters())
    yield check("model", {"parameters": count, "folder": str(args.model_path)}, millions=f"{count / 1e6:.0f}")
    passed = _forward_pass(model)
    yield passed
    if passed.state == "failed" or not args.data_dir:
        return
    rows = read_metadata(metadata_path(args.metadata_file, Path(args.data_dir)), Path(args.data_dir))
    prepared = prepare_clips(args, rows, model, tokenizer, quiet=args.json)
    report = data_report(prepared, len(rows), args.valid_fraction, args.seed)
    found["data"] = {key: value for key, value in report.items() if key != "dropped_names"}
    yield from data_checks(report)
    train, valid = split(prepared.clips, args.valid_fraction, args.seed)
    losses = delay_losses(model, (valid or train)[:CLIPS] if len(valid) >= 4 else train[:CLIPS])
    found["losses"] = losses
    yield _verdict(losses, math.log(decoder.vocab_size))
    yield _estimate(model, train, args, found)


def delay_losses(model: Any, clips: list[Clip]) -> dict[str, float]:
    """Loss of the model on clips with the delay of its training (0-1-2-3), with none, and with the reverse (3-2-1-0).

    Only the true one can be low: the proof that labels, codec and model belong together.
    """
    pad = model.config.decoder.vocab_size
    last = model.config.decoder.num_codebooks - 1

    def reversed_delay(codes: torch.Tensor) -> torch.Tensor:
        labels = codes.new_full((codes.shape[1], last + 1), pad)
        for k in range(last + 1):
            late = last - k
            labels[late:, k] = codes[k, : codes.shape[1] - late]
        return labels

    ways: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "true_delay": lambda codes: delayed_labels(codes, pad),
        "no_delay": lambda codes: codes.T,
        "reversed_delay": reversed_delay,
    }
    losses = {}
    for name, way in ways.items():
        sums, counts = torch.zeros(last + 1), torch.zeros(last + 1)
        for clip in clips:
            batch = make_batch(fixed_items([clip]), clip.codes.shape[1], clip.text.shape[0], pad)
            batch.labels[0] = way(clip.codes.long())
            batch = batch.to(model.device)
            with torch.no_grad():
                logits = decoder_logits(model, batch.labels, batch.states, batch.mask)
                more, count = codebook_loss(logits, batch.labels)
            sums += more.cpu()
            counts += count.cpu()
        losses[name] = round(float((sums / counts).mean()), 4)
    return losses


def _forward_pass(model: Any) -> Check:
    size = model.config.decoder.vocab_size
    labels = torch.randint(0, size, (1, 50, model.config.decoder.num_codebooks), device=model.device)
    states = torch.zeros(1, 4, model.config.text_encoder.d_model, device=model.device)
    began = time.perf_counter()
    with torch.no_grad():
        logits = decoder_logits(model, labels, states, torch.ones(1, 4, dtype=torch.long, device=model.device))
        finite = bool(torch.isfinite(logits).all())
    if not finite:
        return check("forward-pass-broken", {})
    return check("forward-pass", {"seconds": round(time.perf_counter() - began, 3)})


def _verdict(losses: dict[str, float], uniform: float) -> Check:
    true, others = losses["true_delay"], min(losses["no_delay"], losses["reversed_delay"])
    values = {**losses, "uniform": round(uniform, 4)}
    if true >= UNTRAINED * uniform:
        return check("base-loss-untrained", values)
    return check("base-loss-delay" if true > others - CLEARLY else "base-loss", values)


def _estimate(model: Any, train: list[Clip], args: argparse.Namespace, found: dict[str, Any]) -> Check:
    """Two micro-batches of the planned run are really trained, and thrown away."""
    frames = max(clip.codes.shape[1] for clip in train)
    tuned = add_lora(model, args.lora_rank, 2 * args.lora_rank, 0.0, "attention")
    half = model.device.type == "cuda" and torch.cuda.is_bf16_supported()
    engine = Engine(
        tuned,
        torch.optim.AdamW(trainable(tuned)),
        Processes(args.device),
        precision="bf16" if half else "fp32",
        frames=frames,
        tokens=max(clip.text.shape[0] for clip in train),
        micro=args.batch_size,
        accumulation=1,
        max_grad_norm=1.0,
        seed=0,
    )
    items = fixed_items((train * args.batch_size)[: args.batch_size])
    try:
        for _ in range(2):
            began = time.perf_counter()
            float(engine.step(1, items, 0.0)[1])
            seconds = (time.perf_counter() - began) * args.gradient_accumulation_steps
    except torch.cuda.OutOfMemoryError:
        return check("planned-run-memory", {"batch": args.batch_size})
    steps = math.ceil(args.num_epochs * math.ceil(len(train) / (args.batch_size * args.gradient_accumulation_steps)))
    peak = torch.cuda.max_memory_allocated() / 1e9 if model.device.type == "cuda" else None
    found["estimate"] = {"steps": steps, "seconds": round(steps * seconds, 1), "peak_gb": peak}
    values = {"steps": steps, "seconds": round(steps * seconds, 1)}
    duration = _duration(steps * seconds)
    if peak is None:
        return check("planned-run", values, duration=duration)
    return check("planned-run-gpu", {**values, "peak_gb": round(peak, 2)}, duration=duration)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
