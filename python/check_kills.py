"""Proves on the machine at hand that evaluate.py survives kill -9: killed at random moments, then let finish, it leaves
the same WAV files, byte for byte, as an evaluation that nobody disturbed.

    python check_kills.py --model_path models/random-small --run_dir ../output_epoch3 --prompts prompts.json --kills 10

Ends with 1 when a file differs. --batch_size should leave several batches, or there is little to lose. Processes are
forked from one that has imported everything, so that most of their time is evaluation and not start.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import evaluate
from errors import run_script
from forked import finish, start


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model_path", required=True, help="folder of the base model")
    add("--run_dir", type=Path, required=True, help="folder of a run with best_model and final_model")
    add("--prompts", type=Path, required=True, help="prompt file")
    add("--kills", type=int, default=10, help="how often (default: 10)")
    add("--duration", type=float, default=15.0, help="seconds of each clip (default: 15)")
    add("--batch_size", type=int, default=30, help="clips made at once (default: 30)")
    add("--seed", type=int, default=0, help="of the moments (default: 0)")
    return parser


def main(args: argparse.Namespace) -> int:
    import transformers.models.musicgen.modeling_musicgen  # noqa: F401

    import rendering  # noqa: F401 (imported before the forks; no GPU is touched)

    luck = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix="kills-", dir=args.run_dir) as name:
        quiet, struck = Path(name) / "quiet", Path(name) / "struck"
        began = time.monotonic()
        finish(evaluate, words(args, quiet))
        seconds = time.monotonic() - began
        print(f"Undisturbed: {len(hashes(quiet))} clips in {seconds:.1f} s", flush=True)
        for number in range(args.kills):
            before, left = len(hashes(struck)), len(hashes(quiet)) - len(hashes(struck))
            process = start(evaluate, words(args, struck))
            if number % 2:  # while files are being written: after some of them, not so many that none is left at last
                until = before + luck.randint(1, max(1, left // (args.kills - number + 1)))
                while len(hashes(struck)) < until and runs(process):
                    time.sleep(0.001)
            else:  # while it starts or decodes
                time.sleep(luck.uniform(0.1, 0.4) * seconds)
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            print(f"Kill {number + 1}: {len(hashes(struck))} clips are there, {before} before", flush=True)
        finish(evaluate, words(args, struck))
        wanted, found = hashes(quiet), hashes(struck)
    same = sum(found.get(path) == digest for path, digest in wanted.items())
    print(f"{same} of {len(wanted)} files are the same, {len(found) - same} are not")
    return 0 if found == wanted else 1


def words(args: argparse.Namespace, output: Path) -> list[object]:
    found = ["--model_path", args.model_path, "--run_dir", args.run_dir, "--prompts", args.prompts]
    return [*found, "--output_dir", output, "--duration", args.duration, "--batch_size", args.batch_size]


def runs(process: int) -> bool:
    """Leaves an ended child as it is, so that its id stays its own."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("*/*.wav"))
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


if __name__ == "__main__":
    run_script(make_parser, main)
