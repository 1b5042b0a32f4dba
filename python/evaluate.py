"""Lets base, best, final and other checkpoints of a run generate every prompt of a set, for comparing them by ear.

    python evaluate.py --model_path ../models/musicgen-small --run_dir ../output_epoch3 --models base,best,final \\
        --prompts ../data/eval/evaluation_prompts.json --output_dir ../output_epoch3/evaluation_full --duration 15

Writes a folder of WAV files a model, comparison_results.jsonl and evaluation.json. Started again with the same command
it goes on where it was stopped or killed; with changed prompts it makes only what changed. All models of a prompt hear
the same random numbers. Progress goes to the terminal and to the run's events.jsonl.

--models takes names, patterns and scales: base,best,final,checkpoint-400,checkpoint-*,best@0.7. --seed takes several:
0,1,2. --run_dir takes several runs; --output_dir is then a name that each run gets a folder of. Under torchrun or
accelerate launch the GPUs share the prompts.

Exit codes: 0 all clips are there; 1 some clips failed, each told; 2 refused, with a sentence; 130 or 143 stopped by
Ctrl-C or SIGTERM after the current batch (or within ten seconds, giving the batch up). Finished clips always stay.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from errors import HumanError, run_script

if TYPE_CHECKING:
    from evaluation import Settings


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model_path", required=True, help="folder of the base model")
    add(
        "--run_dir",
        type=Path,
        nargs="+",
        action="extend",
        help="folder of the run, with best_model, final_model, checkpoint-…",
    )
    add("--models", default="base,best,final", help="which (default: base,best,final)")
    add("--prompts", type=Path, required=True, help="JSON, JSONL or text file of prompts")
    add("--output_dir", type=Path, help="folder of the evaluation (default: evaluation in the run)")
    add("--duration", type=float, default=15.0, help="seconds of each clip (default: 15)")
    add("--seed", default="0", help="seed, or several: 0,1,2 (default: 0)")
    add("--batch_size", default="auto", help="clips made at once (default: what fits)")
    add("--top_k", type=int, default=250, help="draw among the likeliest k codes (default: 250)")
    add("--temperature", type=float, default=1.0, help="0 takes the likeliest code always (default: 1)")
    add("--guidance", type=float, default=3.0, help="how much the prompt counts, 1 is plain (default: 3)")
    add("--lora_scale", type=float, default=1.0, help="scale of adapters that have none of their own (default: 1)")
    add("--device", choices=("auto", "cuda", "cpu"), default="auto")
    add("--dtype", choices=("auto", "fp16", "bf16", "fp32"), default="auto", help="of the decoder (default: by device)")
    return parser


def main(args: argparse.Namespace) -> int:
    outputs = _outputs(args)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before CUDA starts: equal sums in every run
    from checkpoints import find_models
    from progress import refusal_told
    from prompts import read_prompts

    with refusal_told(outputs):
        settings = _settings(args)
        prompts = read_prompts(args.prompts)
        models = [find_models(run, args.models, args.lora_scale) for run, _ in outputs]

    from evaluation import Evaluation, say
    from launch import Processes
    from musicgen import load_model, load_tokenizer
    from stopping import StopRequest

    processes = Processes(args.device)
    if processes.first:
        for remark in prompts.remarks:
            say(f"{args.prompts.name}: {remark}")
        if processes.device.type == "cpu" and args.device != "cpu":
            say("There is no GPU here: this goes on, slowly.")
    request = StopRequest("the current batch is finished first, if it can be soon; finished clips stay")
    code = 0
    try:
        with request.listening():
            with refusal_told(outputs):
                model = load_model(args.model_path, processes.device)
                tokenizer = load_tokenizer(args.model_path)
            for (run, output), run_models in zip(outputs, models):
                evaluation = Evaluation(settings, model, tokenizer, processes, request)
                code = max(code, evaluation.run(run, output, prompts, run_models))
                if request.asked:
                    return request.exit_code
    finally:
        processes.end()
    return code


def _settings(args: argparse.Namespace) -> Settings:
    """The settings that are numbers. Raises HumanError for each that makes no sense, before anything is loaded."""
    from evaluation import Settings
    from sampling import Sampling

    if not 0.1 <= args.duration <= 120:
        raise HumanError(
            "--duration is {seconds:g} s; MusicGen makes clips from 0.1 to 120 s.",
            says="duration-out-of-range",
            seconds=args.duration,
        )
    if args.duration > 30:
        print("Above 30 s MusicGen goes beyond what it was trained on; expect it to lose the thread.", file=sys.stderr)
    if args.top_k < 1 or args.temperature < 0:
        raise HumanError("--top_k is at least 1, and --temperature at least 0.", says="sampling-out-of-range")
    if not -10 <= args.guidance <= 50:
        raise HumanError("--guidance is between -10 and 50; usual are 1 to 6.", says="guidance-out-of-range")
    try:
        seeds = tuple(dict.fromkeys(int(word) for word in str(args.seed).split(",") if word.strip()))
        batch = None if args.batch_size == "auto" else int(args.batch_size)
    except ValueError:
        raise HumanError(
            "--seed is a number or several with commas; --batch_size is a number or auto.", says="seed-unclear"
        ) from None
    if not seeds or min(seeds) < 0 or (batch is not None and batch < 1):
        raise HumanError("--seed is 0 or more, and --batch_size 1 or more.", says="seed-out-of-range")
    return Settings(
        args.model_path, seeds, batch, Sampling(args.duration, args.guidance, args.top_k, args.temperature), args.dtype
    )


def _outputs(args: argparse.Namespace) -> list[tuple[Path | None, Path]]:
    """Run and output folder of each evaluation."""
    runs: list[Path | None] = list(args.run_dir or [None])
    if len(runs) == 1:
        run, output = runs[0], args.output_dir
        if run is None and output is None:
            raise HumanError("Give --output_dir, or --run_dir: the clips need a folder.", says="output-not-named")
        return [(run, output or run / "evaluation")]
    name = args.output_dir or Path("evaluation")
    if name.name != str(name):
        raise HumanError(
            "With several runs --output_dir is a plain name, such as evaluation_full, not {folder}.",
            says="output-no-name",
            folder=name,
        )
    return [(run, run / name) for run in runs if run is not None]


if __name__ == "__main__":
    run_script(make_parser, main)
