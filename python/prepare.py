"""Encodes a data set once, so that trainings begin at once, and reports what is in it.

    python prepare.py --model_path ../models/musicgen-small --data_dir ../data --metadata_file metadata.json

Audio of any rate and channels becomes EnCodec codes, captions become T5 states; both are kept by content hash in
--cache_dir (default: .earmark_cache in --data_dir). Stopped or killed, it goes on where it was. Exit code: 0 done,
2 refused, 143 or 130 stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from errors import run_script
from options import add_data_options


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model_path", required=True, help="folder of the base model")
    parser.add_argument("--data_dir", required=True, help="folder of the clips")
    add_data_options(parser)
    parser.add_argument("--seed", type=int, default=42, help="of the split into train and valid")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON line")
    parser.add_argument("--device", choices=("auto", "cpu"), default="auto")
    return parser


def main(args: argparse.Namespace) -> int:
    from cache import Stopped
    from datareport import data_report, report_lines
    from launch import Processes
    from metadata import metadata_path, read_metadata
    from musicgen import load_model, load_tokenizer
    from preparing import prepare_clips
    from runfiles import json_safe
    from stopping import StopRequest

    data_dir = Path(args.data_dir)
    rows = read_metadata(metadata_path(args.metadata_file, data_dir), data_dir)
    stop = StopRequest()
    with stop.listening():
        model = load_model(args.model_path, Processes(args.device).device)
        try:
            prepared = prepare_clips(args, rows, model, load_tokenizer(args.model_path), lambda: stop.asked)
        except Stopped:
            print("Stopped. The same command goes on where it was.")
            return stop.exit_code
    report = data_report(prepared, len(rows), args.valid_fraction, args.seed)
    if args.json:
        print(json.dumps(json_safe(report)))
    else:
        print(f"{prepared.encoded} clips newly encoded.")
        print("\n".join(report_lines(report)))
    return 0


if __name__ == "__main__":
    run_script(make_parser, main)
