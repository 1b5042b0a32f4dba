"""Benchmarks of training and of preparing data, run by bench.py.

    python python/bench.py train --model_path models/random-small
    python python/bench.py prepare --model_path models/random-small

Without --model_path a model with random weights of musicgen-small's shape is made first. Each prints one JSON line:
{"bench", "metrics", "baseline", "ratio"}, and with --profile the kernels that take the time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FRAMES = 750  # 15 s
CLIPS = 8  # a step
TOKENS = 24  # of a caption
WARM, STEPS = 8, 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model_path", help="a MusicGen; made with random weights when not given")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps that are timed")
    parser.add_argument("--clips", type=int, default=1000, help="clips that prepare encodes")
    parser.add_argument("--profile", action="store_true", help="show what takes the time")


def main(args: argparse.Namespace) -> int:
    """`args.bench` is `train` or `prepare`."""
    from musicgen import load_model

    with model_folder(args.model_path) as folder:
        if args.bench == "prepare":
            line = bench_prepare(folder, args.clips)
        else:
            import torch

            device = "cuda" if torch.cuda.is_available() else "cpu"
            line = bench_train(lambda: load_model(folder, device), args.steps, args.profile)
    print(json.dumps(line))
    return 0


def bench_train(load: Callable[[], Any], steps: int, profile: bool) -> dict[str, Any]:
    """Optimizer steps a second on 8 clips × 15 s with LoRA of rank 16: ours, and the plain loop's in the same call."""
    import torch

    engine, plan = make_engine(load())

    def step(number: int) -> None:
        engine.step(number, plan.items(number), 1e-4)

    ours = timed(step, WARM, steps)
    peak = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else None
    if profile:
        show_profile(step)
    flops = step_flops(engine.model)
    best = matmul_flops(engine.device) if torch.cuda.is_available() else None
    engine.graph = None
    plain = timed(plain_loop(load()), 2, max(3, steps // 10))
    metrics = {"steps_per_s": 1 / ours, "clips_per_s": CLIPS / ours, "peak_gb": peak}
    if best is not None:
        metrics |= {"mfu": flops / ours / best, "matmul_tflops": best / 1e12, "step_tflop": flops / 1e12}
    return {
        "bench": "train",
        "metrics": {key: None if value is None else round(value, 4) for key, value in metrics.items()},
        "baseline": {"steps_per_s": round(1 / plain, 4)},
        "ratio": {"steps_per_s": round(plain / ours, 2)},
    }


def make_engine(model: Any, micro: int = CLIPS, full: bool = False, clips: int = 64) -> tuple[Any, Any]:
    """The trainer's own engine and data plan over random codes and text states, as from the cache."""
    import torch

    from audio import ClipFacts
    from cache import Clip
    from dataset import Plan
    from engine import Engine
    from forward import lower_frozen
    from launch import Processes
    from metadata import Row
    from musicgen import add_lora, trainable

    config = model.config
    random = torch.Generator().manual_seed(0)
    facts = ClipFacts(15, 15, 32_000, 1, -20, 0, 0)
    made = [
        Clip(
            Row(None, str(i), ""),
            str(i),
            torch.randint(0, config.decoder.vocab_size, (4, FRAMES), generator=random).short(),
            torch.randn(TOKENS, config.text_encoder.d_model, generator=random).half(),
            facts,
        )
        for i in range(clips)
    ]
    if full:
        model.text_encoder.requires_grad_(False)
        model.audio_encoder.requires_grad_(False)
    else:
        torch.manual_seed(0)
        model = add_lora(model, 16, 32, 0.0, "attention")
    cuda = torch.cuda.is_available()
    if cuda:
        lower_frozen(model, torch.bfloat16)
    engine = Engine(
        model,
        torch.optim.AdamW(trainable(model), fused=cuda),
        Processes(),
        precision="bf16" if cuda else "fp32",
        frames=FRAMES,
        tokens=TOKENS,
        micro=micro,
        accumulation=CLIPS // micro,
        max_grad_norm=1.0,
        seed=0,
        compiled=cuda,
    )
    return engine, Plan(made, CLIPS, FRAMES, 0.3, 0)


def plain_loop(model: Any) -> Callable[[int], None]:
    """What one writes first: audio and text encoded at every step, two clips four times, fp16, loss read each time."""
    import torch
    from peft import LoraConfig, get_peft_model

    from forward import delayed_labels

    device = model.device
    names = ["q_proj", "k_proj", "v_proj", "out_proj"]
    tuned = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=names))
    optimizer = torch.optim.AdamW([p for p in tuned.parameters() if p.requires_grad], lr=1e-4)
    scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")
    audio = torch.randn(CLIPS, 1, FRAMES * 640, device=device) * 0.1
    tokens = torch.randint(3, 100, (CLIPS, TOKENS), device=device)
    tuned.train()

    def step(_number: int) -> None:
        for start in range(0, CLIPS, 2):
            with torch.no_grad():
                codes = model.audio_encoder.encode(audio[start : start + 2]).audio_codes[0]
            labels = torch.stack([delayed_labels(clip) for clip in codes])
            text = tokens[start : start + 2]
            with torch.autocast(device.type, torch.float16, enabled=device.type == "cuda"):
                loss = tuned(input_ids=text, attention_mask=torch.ones_like(text), labels=labels).loss
            scaler.scale(loss / 4).backward()
            loss.item()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(tuned.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()

    return step


def bench_prepare(folder: Path, clips: int) -> dict[str, Any]:
    """Clips a second from WAV files of 15 s to cached codes and text states; then from a full cache."""
    import numpy as np
    import soundfile
    import torch

    from cache import Cache, Cut
    from metadata import Row
    from musicgen import load_model, load_tokenizer

    model = load_model(folder, "cuda" if torch.cuda.is_available() else "cpu")
    with tempfile.TemporaryDirectory() as work:
        random = np.random.default_rng(0)
        noise = random.standard_normal(FRAMES * 640 + clips).astype(np.float32) * 0.1
        rows = []
        for i in range(clips):
            path = Path(work) / f"{i}.wav"
            soundfile.write(path, noise[i : i + FRAMES * 640], 32_000, subtype="PCM_16")
            rows.append(Row(path, f"caption number {i}, solo guitar", path.name))
        seconds = []
        for _ in range(2):
            began = time.perf_counter()
            cache = Cache(Path(work) / "cache", model, load_tokenizer(folder), workers=8, batch=16)
            prepared = cache.prepare(rows, Cut())
            seconds.append(time.perf_counter() - began)
    assert len(prepared.clips) == clips
    first, again = (round(clips / s, 2) for s in seconds)
    return {
        "bench": "prepare",
        "metrics": {"clips_per_s": first, "clips_per_s_cached": again, "seconds": round(seconds[0], 2)},
        "baseline": {},
        "ratio": {},
    }


def timed(step: Callable[[int], Any], warm: int, count: int) -> float:
    """Median seconds a step of three rounds of `count` steps, after `warm`; the device is waited for."""
    number = 0
    rounds = []
    for length in (warm, count, count, count):
        _wait()
        began = time.perf_counter()
        for _ in range(length):
            number += 1
            step(number)
        _wait()
        rounds.append((time.perf_counter() - began) / max(1, length))
    return statistics.median(rounds[1:])


def step_flops(model: Any) -> float:
    """Floating-point operations of a LoRA step of 8 clips: forward and the gradient of activations, no recomputation.

    2 a weight and token forward, 2 backward (frozen weights have no gradient), plus attention's two products.
    """
    from musicgen import base_of

    decoder = base_of(model).decoder.config
    tokens = CLIPS * FRAMES
    layer = 8 * decoder.hidden_size**2 + 2 * decoder.hidden_size * decoder.ffn_dim
    cross_keys = 2 * decoder.hidden_size**2  # run over the caption, not over the frames
    weights = decoder.num_hidden_layers * (layer - cross_keys)
    weights += decoder.num_codebooks * decoder.hidden_size * decoder.vocab_size
    causal = decoder.num_hidden_layers * 2 * FRAMES * decoder.hidden_size  # half of 4 T d
    forward = 2 * tokens * weights + tokens * causal
    return 2 * forward + tokens * causal / 2  # backward of attention has five products where forward has two


def matmul_flops(device: Any) -> float:
    """What a large bf16 matrix product reaches here, operations a second."""
    import torch

    a, b = (torch.randn(8192, 8192, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * 8192**3 / timed(lambda _: a @ b, 3, 10)


def show_profile(step: Callable[[int], Any]) -> None:
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
        for number in range(1, 4):
            step(number)
        _wait()
    print(
        found.key_averages().table(sort_by="self_cuda_time_total", row_limit=18, max_name_column_width=70),
        file=sys.stderr,
    )


@contextmanager
def model_folder(path: str | None) -> Iterator[Path]:
    if path is not None:
        yield Path(path)
        return
    from make_model import make_model

    with tempfile.TemporaryDirectory() as work:
        make_model(Path(work) / "random-small", "small")
        yield Path(work) / "random-small"


def _wait() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
