"""Rows of metadata → clips, with a bar: what prepare.py, train_lora.py and doctor.py share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cache import Prepared
    from metadata import Row


def prepare_clips(
    args: argparse.Namespace,
    rows: Sequence[Row],
    model: Any,
    tokenizer: Any,
    should_stop: Callable[[], bool] = lambda: False,
    quiet: bool = False,
) -> Prepared:
    """`args` has the options of options.add_data_options and data_dir. Raises as Cache.prepare does."""
    from tqdm import tqdm

    from audio import require_soundfile
    from cache import Cache, Cut

    require_soundfile()
    folder = Path(args.cache_dir) if args.cache_dir else Path(args.data_dir) / ".earmark_cache"
    batch = 4 if model.device.type == "cpu" else 16
    cut = Cut(args.max_duration, args.min_duration, args.long_clips == "crop")
    cache = Cache(folder, model, tokenizer, args.num_workers, batch)
    every = 0.2 if sys.stderr.isatty() else 2.0
    with tqdm(total=len(rows), desc="Preparing clips", unit="clip", disable=quiet, mininterval=every) as bar:
        return cache.prepare(rows, cut, lambda done, _total: bar.update(done - bar.n) and None, should_stop)
