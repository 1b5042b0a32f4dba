"""Benchmarks of the Python side. Each prints one JSON line {"bench", "metrics", "baseline", "ratio"}.

    python bench.py evaluate                # 150 clips of 15 s against `generate` of transformers
    python bench.py train                   # steps a second against a plain Hugging Face loop
    python bench.py prepare                 # clips a second into cached codes
    python bench.py evaluate --model_path ../models/musicgen-small --profile

Without --model_path a model of musicgen-small's shape with random weights is made first (2.4 GB in a temporary folder).
"""

from __future__ import annotations

import argparse

import bench_evaluate
import bench_train
from errors import run_script


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = parser.add_subparsers(dest="bench", required=True)
    for name, module in (("evaluate", bench_evaluate), ("train", bench_train), ("prepare", bench_train)):
        module.add_arguments(names.add_parser(name))
    return parser


def main(args: argparse.Namespace) -> int:
    return (bench_evaluate if args.bench == "evaluate" else bench_train).main(args)


if __name__ == "__main__":
    run_script(make_parser, main)
