"""Command-line options that several scripts share, and the numbers they take."""

from __future__ import annotations

import argparse
import math
from typing import Any


def add_data_options(parser: Any) -> None:
    """Which clips, and how they are cut. `parser` may be a group of one."""
    add = parser.add_argument
    add("--metadata_file", default="metadata.json", help="JSON list or JSONL of {audio, text}, in --data_dir")
    add("--max_duration", type=positive, default=15.0, help="longest clip in seconds; see --long_clips")
    add("--long_clips", choices=("crop", "drop"), default="crop", help="what happens to longer clips")
    add("--min_duration", type=not_negative, default=1.0, help="shorter clips are dropped")
    add("--valid_fraction", type=fraction, default=0.05, help="share of the clips that only measures")
    add("--cache_dir", help="where codes and text states are kept (default: .earmark_cache in --data_dir)")
    add("--num_workers", type=one_or_more, default=4, help="threads that read audio")


def positive(text: str) -> float:
    return _number(text, lambda x: x > 0, "a number above 0")


def not_negative(text: str) -> float:
    return _number(text, lambda x: x >= 0, "0 or more")


def fraction(text: str) -> float:
    return _number(text, lambda x: 0 <= x < 1, "from 0 to less than 1")


def count(text: str) -> int:
    return int(_number(text, lambda x: x >= 0 and x == int(x), "a whole number from 0"))


def one_or_more(text: str) -> int:
    return int(_number(text, lambda x: x >= 1 and x == int(x), "a whole number from 1"))


def _number(text: str, good: Any, wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or not good(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return value
