"""A step of the decoder beside the bound of its memory traffic; for bench_evaluate.py."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

DATASHEET_GB_S = {"H100": 3350, "H200": 4800}
"""Of the SXM cards with HBM3 and HBM3e, by NVIDIA's data sheets."""


def decode_step(model: Any, tokenizer: Any, captions: list[str], duration_s: float, profile: bool) -> dict[str, Any]:
    """A step's milliseconds, averaged over all steps of a clip, for one model and for three, beside the bound."""
    import torch

    from decode import Decoder, Weights, decoder_state
    from musicgen import encode_text
    from sampling import Sampling, noise_key

    found: dict[str, Any] = {}
    cuda = model.device.type == "cuda"
    dtype = torch.float16 if cuda else torch.float32
    texts, keys = encode_text(model, tokenizer, captions), [noise_key(text, 0) for text in captions]
    if cuda:
        found["copy_gb_s"] = copy_bandwidth()
    for models in (1, 3):
        name = "" if models == 1 else f"_{models}_models"
        weights = Weights(model.config.decoder, [decoder_state(model)] * models, model.device, dtype)
        decoder = Decoder(weights, len(captions), max(map(len, texts)), Sampling(duration_s=duration_s))
        seconds = [timed(partial(decoder.generate, texts, keys)) for _ in range(4)][1:]
        found[f"step_ms{name}"] = 1e3 * statistics.median(seconds) / decoder.steps
        if cuda:
            moved = bytes_a_step(weights, decoder, texts)
            found[f"bound_ms{name}"] = 1e3 * moved / found["copy_gb_s"] / 1e9
            found[f"bound_share{name}"] = found[f"bound_ms{name}"] / found[f"step_ms{name}"]
            for card, gb_s in DATASHEET_GB_S.items():
                if card in torch.cuda.get_device_name():
                    found[f"datasheet_share{name}"] = 1e3 * moved / gb_s / 1e9 / found[f"step_ms{name}"]
        if profile:
            show_profile(decoder)
        del weights, decoder
        if cuda:
            torch.cuda.empty_cache()
    return found


def bytes_a_step(weights: Any, decoder: Any, texts: list[Any]) -> float:
    """Weights once, filled keys and values once on average, the text's keys and values once."""
    config = weights.config
    token = 2 * config.num_hidden_layers * config.hidden_size * decoder.x.element_size()
    rows = 2 * weights.models * decoder.prompts
    text = weights.models * sum(map(len, texts))
    return weights.bytes_a_step() + token * (rows * (decoder.steps + 1) / 2 + text)


def copy_bandwidth() -> float:
    """GB/s of a copy of 4 GB on the device, bytes read and written together."""
    import torch

    source = torch.rand(2**30, device="cuda")
    target = torch.empty_like(source)
    target.copy_(source)
    seconds = statistics.median(timed(partial(target.copy_, source)) for _ in range(10))
    return 2 * source.numel() * 4 / seconds / 1e9


def show_profile(decoder: Any) -> None:
    """Kernels of ten steps in the middle of a clip, to stderr."""
    import torch

    middle = max(0, decoder.steps // 2 - 5)
    decoder.clock.now.fill_(middle)
    decoder.clock.step = middle
    step = decoder.graph.replay if decoder.graph is not None else decoder.step
    activities = [torch.profiler.ProfilerActivity.CPU]
    if decoder.graph is not None:
        activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.inference_mode(), torch.profiler.profile(activities=activities) as profile:
        for _ in range(10):
            step()
        if decoder.graph is not None:
            torch.cuda.synchronize()
    rows = sorted(profile.key_averages(), key=lambda row: -max(row.self_device_time_total, row.self_cpu_time_total))
    print(f"{decoder.weights.models} models, ten steps from {middle}:", file=sys.stderr)
    for row in rows[:14]:
        total = row.self_device_time_total or row.self_cpu_time_total
        print(f"{total / 1e4:8.3f} ms a step {row.count / 10:6.0f} times  {row.key[:90]}", file=sys.stderr)


def timed(work: Callable[[], Any]) -> float:
    import torch

    def settle() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    settle()
    began = time.perf_counter()
    work()
    settle()
    return time.perf_counter() - began
