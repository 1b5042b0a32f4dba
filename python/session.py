"""A training from its flags to its end: the checks before it, the folder's lock, and how each end is told."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from cache import Stopped
from errors import HumanError
from launch import Processes
from metadata import metadata_path
from musicgen import check_model_folder, is_hub_name
from runfiles import Events, SilentEvents, folder_lock
from runfolder import check_output
from stopping import StopRequest
from trainer import Training


def train(args: argparse.Namespace) -> int:
    """Returns the exit code. Raises HumanError after it is written to the run's events."""
    processes = Processes(args.device)
    stop = StopRequest()
    output = Path(args.output_dir)
    if not is_hub_name(args.model_path):
        check_model_folder(Path(args.model_path))
    metadata_path(args.metadata_file, Path(args.data_dir))
    with contextlib.ExitStack() as held:
        held.callback(processes.end)
        held.enter_context(stop.listening())
        if processes.first:
            check_output(output, args)
            held.enter_context(folder_lock(output, "a training"))
        events = Events(output) if processes.first else SilentEvents(output)
        try:
            Training(args, processes, events, stop).run()
            return 0
        except Stopped:
            events.write("status", state="stopped")
            print(f"Stopped. Go on with: python train_lora.py --output_dir {output} --resume")
            return stop.exit_code
        except torch.cuda.OutOfMemoryError as error:
            told = HumanError(
                "The GPU's memory is too small for this training. Use a smaller --batch_size (and more "
                "--gradient_accumulation_steps), a shorter --target_duration, or --bf16.",
                "out-of-memory",
                says="training-memory",
            )
            _tell_failure(events, told.code, str(told), told.parts)
            raise told from error
        except HumanError as error:
            _tell_failure(events, error.code, str(error), error.parts)
            raise
        except BaseException as error:
            _tell_failure(events, "crash", f"{type(error).__name__}: {error}", {})
            raise


def _tell_failure(events: Events, code: str, text: str, parts: Mapping[str, Any]) -> None:
    with contextlib.suppress(HumanError):  # the disk may be full
        events.write("error", code=code, text=text, **parts)
        events.write("status", state="failed")
