"""The benchmark of full evaluation, run by bench.py: 50 prompts by base, best and final, 15 s each, CFG 3, top-k 250.

    python bench.py evaluate
    python bench.py evaluate --model_path ../models/musicgen-small --profile
    torchrun --nproc_per_node 2 bench.py evaluate --prompts 100

The baseline is `generate` of transformers in fp16, warm: three clips at batch 1 (median, times 150), and its best
batched form, both in the same call. The bound is the traffic that no version can avoid (weights and filled keys and
values, once a step each) at the bandwidth of a large copy measured here.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench_decode import decode_step, timed

STYLES = ("lo-fi hip hop", "solo cello", "techno", "bossa nova", "ambient pads", "funk", "piano ballad", "delta blues")
CLIPS_A_MODEL = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model_path", type=Path, help="a MusicGen; made with random weights when not given")
    parser.add_argument("--duration", type=float, default=15.0, help="seconds of each clip (default: 15)")
    parser.add_argument("--prompts", type=int, default=CLIPS_A_MODEL, help="prompts (default: 50)")
    parser.add_argument("--no_baseline", action="store_true", help="leave transformers' generate out")
    parser.add_argument("--profile", action="store_true", help="show the kernels that take the time")


def main(args: argparse.Namespace) -> int:
    import torch

    from launch import Processes
    from musicgen import load_model, load_tokenizer

    if "WORLD_SIZE" in os.environ:
        return by_several(args)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with workplace(args.model_path) as (model_path, run_dir):
        metrics: dict[str, Any] = {"device": device_name(device)}
        metrics["first_clip_s"] = first_clip(model_path, run_dir, args, prompts=8)
        metrics["first_clip_of_all_s"] = first_clip(model_path, run_dir, args, args.prompts)
        model, tokenizer = load_model(model_path, device), load_tokenizer(model_path)
        make = evaluation(model, tokenizer, Processes(), model_path, run_dir, args)
        metrics["cold_total_s"] = make()
        totals = [make() for _ in range(3)]
        metrics.update(total_s=statistics.median(totals), totals_s=totals)
        if device.type == "cuda":
            metrics["peak_gb"] = torch.cuda.max_memory_reserved() / 1e9
            torch.cuda.empty_cache()
        metrics.update(decode_step(model, tokenizer, captions(args.prompts), args.duration, args.profile))
        baseline = {} if args.no_baseline else plain_generate(model, tokenizer, args)
        ratio = {key: value / metrics["total_s"] for key, value in baseline.items() if key.endswith("total_s")}
        line = {"bench": "evaluate", "metrics": metrics, "baseline": baseline, "ratio": ratio}
        print(json.dumps(rounded(line)), flush=True)
    return 0


def by_several(args: argparse.Namespace) -> int:
    """The evaluation alone, by as many processes as torchrun has started: on the first one's clock, warm."""
    import torch

    from launch import Processes
    from musicgen import load_model, load_tokenizer

    processes = Processes()
    with contextlib.ExitStack() as held:
        held.callback(processes.end)
        places: list[Any] = [held.enter_context(workplace(args.model_path)) if processes.first else None]
        if processes.count > 1:
            torch.distributed.broadcast_object_list(places)
        model_path, run_dir = places[0]
        model, tokenizer = load_model(model_path, processes.device), load_tokenizer(model_path)
        make = evaluation(model, tokenizer, processes, model_path, run_dir, args)
        totals = [make() for _ in range(4)][1:]
        metrics = {"processes": processes.count, "clips": 3 * args.prompts, "totals_s": totals}
        metrics |= {"device": device_name(processes.device), "total_s": statistics.median(totals)}
        processes.wait()
        if processes.first:
            print(json.dumps(rounded({"bench": "evaluate", "metrics": metrics})), flush=True)
    return 0


def first_clip(model_path: Path, run_dir: Path, args: argparse.Namespace, prompts: int) -> float:
    """Seconds from the start of evaluate.py to its first file, as a person would start it."""
    output = run_dir / f"first_{prompts}"
    argv = [sys.executable, str(Path(__file__).with_name("evaluate.py")), "--model_path", str(model_path)]
    argv += ["--run_dir", str(run_dir), "--output_dir", str(output), "--duration", str(args.duration)]
    argv += ["--prompts", str(prompt_file(run_dir, prompts))]
    began = time.perf_counter()
    process = subprocess.Popen(argv, stdout=sys.stderr)
    try:
        while process.poll() is None and not any(output.glob("*/*.wav")):
            time.sleep(0.01)
        seconds = time.perf_counter() - began
        if process.wait() != 0:
            raise RuntimeError("evaluate.py failed; see above")
    finally:
        process.kill()
    return seconds


def evaluation(
    model: Any, tokenizer: Any, processes: Any, model_path: Path, run_dir: Path, args: argparse.Namespace
) -> Callable[[], float]:
    """A function that makes a whole evaluation with the loaded model in a new folder, and returns its seconds."""
    from checkpoints import find_models
    from evaluation import Evaluation, Settings
    from prompts import read_prompts
    from sampling import Sampling
    from stopping import StopRequest

    prompts = read_prompts(prompt_file(run_dir, args.prompts))
    models = find_models(run_dir, "base,best,final")
    settings = Settings(str(model_path), (0,), None, Sampling(duration_s=args.duration))
    made = iter(range(100))

    def make() -> float:
        job = Evaluation(settings, model, tokenizer, processes, StopRequest())
        output = run_dir / f"evaluation_{next(made)}"
        began = time.perf_counter()
        with contextlib.redirect_stdout(sys.stderr):
            code = job.run(run_dir, output, prompts, models)
        seconds = time.perf_counter() - began
        if code or len(list(output.glob("*/*.wav"))) != 3 * args.prompts:
            raise RuntimeError(f"not all clips are in {output}")
        return seconds

    return make


def plain_generate(model: Any, tokenizer: Any, args: argparse.Namespace) -> dict[str, Any]:
    """`generate` of transformers as its documentation has it, in fp16 on a GPU; the model is spoilt afterwards."""
    import torch

    cuda = model.device.type == "cuda"
    if cuda:
        model.half()
    tokens = round(args.duration * 50) + 3
    clips = 3 * args.prompts

    def generate(texts: list[str], **more: Any) -> float:
        batch = tokenizer(texts, padding=True, return_tensors="pt").to(model.device)
        options = {"do_sample": True, "top_k": 250, "guidance_scale": 3.0, "max_new_tokens": tokens, **more}
        return timed(lambda: model.generate(**batch, **options))

    words = captions(args.prompts)
    generate(words[:1])  # warm
    one = [generate(words[i : i + 1]) for i in range(3)]
    found: dict[str, Any] = {"clip_s": one, "total_s": statistics.median(one) * clips}
    for name, more in (("dynamic", {}), ("static", {"cache_implementation": "static"})):
        try:
            generate(words, **more)
            found[f"batch_{name}_s"] = generate(words, **more)
        except Exception as error:  # a form that this version of the library does not have is no baseline
            found[f"batch_{name}_error"] = str(error).splitlines()[0][:200]
        if cuda:
            torch.cuda.empty_cache()
    best = [value for key, value in found.items() if key.startswith("batch_") and key.endswith("_s")]
    if best:
        found["batched_total_s"] = 3 * min(best)
    return found


@contextlib.contextmanager
def workplace(model_path: Path | None) -> Iterator[tuple[Path, Path]]:
    """The model, and a temporary run with two adapters of rank 16 that change what the model says."""
    import torch

    from make_model import make_model
    from musicgen import add_lora, load_model

    with tempfile.TemporaryDirectory(prefix="earmark-bench-") as name:
        folder = Path(name)
        if model_path is None:
            model_path = folder / "random-small"
            make_model(model_path, "small")
        run_dir = folder / "run"
        run_dir.mkdir()
        peft = add_lora(load_model(model_path), 16, 32, 0.0, "attention,ffn")
        for seed, checkpoint in enumerate(("best_model", "final_model")):
            torch.manual_seed(seed)
            for parameter_name, parameter in peft.named_parameters():
                if "lora_B" in parameter_name:
                    torch.nn.init.normal_(parameter, std=0.02)
            peft.save_pretrained(run_dir / checkpoint)
        yield model_path, run_dir


def prompt_file(folder: Path, count: int) -> Path:
    file = folder / f"prompts_{count}.json"
    file.write_text(json.dumps(captions(count)), encoding="utf-8")
    return file


def captions(count: int) -> list[str]:
    return [f"{STYLES[i % 8]} number {i}, warm and slow, with strings, bass and drums, live" for i in range(count)]


def device_name(device: Any) -> str:
    import torch

    return torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
