"""What a training tells: events.jsonl, the terminal, TensorBoard; and what it has to remember for that."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from dataset import Item, valid_positions
from errors import HumanError
from runfiles import Events, read_json

if TYPE_CHECKING:
    from cache import Clip, Prepared
    from engine import Engine
    from launch import Processes

RISING = 3  # validations in a row above the best are worth a word
SKIPPED_SHARE = 0.05
GIVE_UP_AFTER = 50  # steps in a row without a finite gradient


class Record:
    """Windows of steps between two lines of the log, the best validation, and warnings (each told once)."""

    def __init__(self, events: Events, output: Path, args: argparse.Namespace, first: bool) -> None:
        self.events, self.args, self.first = events, args, first
        self.best_step, self.best_loss, self.since_best = -1, math.inf, 0
        self.valid_at: dict[int, float] = {}
        self.skipped, self.bad_in_a_row = 0, 0
        self.warned: set[str] = set()
        self.progress: Any = None
        self.board = _tensorboard(output) if args.tensorboard and first else None
        self.steps_per_epoch = 1
        self._open_window()

    def start(self, step: int, total: int, steps_per_epoch: int) -> None:
        from tqdm import tqdm

        self.steps_per_epoch, self.total, self.begun_at = steps_per_epoch, total, step
        self.began = self.window_began = time.monotonic()
        every = 0.2 if sys.stderr.isatty() else 2.0
        self.progress = tqdm(
            total=total, initial=step, desc="Training", unit="step", disable=not self.first, mininterval=every
        )

    def close(self) -> None:
        if self.progress is not None:
            self.progress.close()
        if self.board is not None:
            self.board.close()

    def add(
        self, items: Sequence[Item], engine: Engine, sums: torch.Tensor, norm: torch.Tensor, bad: Any, lr: float
    ) -> None:
        """Takes in one step. Nothing here waits for the device."""
        counts = valid_positions(items, engine.frames, engine.codebooks)
        self.sums = sums.clone() if self.sums is None else self.sums + sums
        self.counts = [a + b for a, b in zip(self.counts or [0] * len(counts), counts)]
        self.bad = bad if self.bad is None else self.bad + bad
        self.norm, self.lr = norm, lr
        self.window_steps += 1
        self.window_clips += len(items)
        self.progress.update()

    def train(self, step: int, processes: Processes, scaler: torch.amp.GradScaler) -> None:
        """One line of the log: the window's mean loss. Raises HumanError when nothing can be learnt any more."""
        sums = processes.sum(self.sums.clone()).tolist()
        ce = [s / max(1, c) for s, c in zip(sums, self.counts)]
        bad = round(float(self.bad))
        self.skipped += bad
        now = time.monotonic()
        rate = self.window_clips / max(1e-9, now - self.window_began)
        speed = (now - self.began) / max(1, step - self.begun_at)
        loss, norm = sum(ce) / len(ce), float(self.norm)
        fields = {
            "step": step,
            "epoch": round(step / self.steps_per_epoch, 4),
            "loss": loss,
            "ce": ce,
            "lr": self.lr,
            "grad_norm": norm,
            "skipped": self.skipped,
            "clips_per_s": round(rate, 3),
            "eta_s": round(speed * (self.total - step), 1),
        }
        self.events.write("train", **fields)
        self._board("train", step, {"loss": loss, "lr": self.lr, "grad_norm": norm}, ce)
        parts = " ".join(f"{c:.3f}" for c in ce)
        self.say(f"step {step}/{self.total}  loss {loss:.4f}  ce {parts}  lr {self.lr:.2e}  {rate:.1f} clips/s")
        self._look_at_gradients(step, bad, scaler.is_enabled())
        self._open_window()
        self.window_began = now

    def valid(self, step: int, loss: float, ce: list[float]) -> bool:
        """Tells a validation. True when it is the best so far (step 0, the base model, is none)."""
        self.valid_at[step] = loss
        self.events.write("valid", step=step, epoch=round(step / self.steps_per_epoch, 4), loss=loss, ce=ce)
        self._board("valid", step, {"loss": loss}, ce)
        self.say(f"step {step}: valid loss {loss:.4f}" + (" (before training)" if step == 0 else ""))
        if step == 0:
            return False
        if loss < self.best_loss:
            self.best_step, self.best_loss, self.since_best = step, loss, 0
            return True
        self.since_best += 1
        if self.since_best == RISING:
            self.warn(
                "valid-rising",
                f"The valid loss has not been below that of step {self.best_step} for {RISING} validations: the "
                "adapter may be memorising. best_model keeps the best; --early_stop ends such a run by itself.",
            )
        return False

    @property
    def patience_over(self) -> bool:
        return 0 < self.args.early_stop <= self.since_best

    def facts(self, step: int) -> dict[str, Any]:
        """checkpoint.json but for its time."""
        epoch = round(step / self.steps_per_epoch, 4)
        return {"step": step, "epoch": epoch, "valid_loss": self.valid_at.get(step)}

    def state(self, step: int, processes: Processes) -> dict[str, Any]:
        """What an exact resume has to know; restore() takes it back. All processes call it."""
        sums = None if self.sums is None else processes.sum(self.sums.clone()).tolist()
        bad = None if self.bad is None else float(self.bad)
        best = {"step": self.best_step, "loss": self.best_loss if self.best_step >= 0 else None}
        window = {
            "sums": sums,
            "counts": self.counts,
            "bad": bad,
            "steps": self.window_steps,
            "clips": self.window_clips,
        }
        return {
            "v": 1,
            "step": step,
            "lr": getattr(self, "lr", 0.0),
            "best": best,
            "since_best": self.since_best,
            "skipped": self.skipped,
            "warned": sorted(self.warned),
            "window": {**window, "steps": self.window_steps, "clips": self.window_clips},
        }

    def restore(self, state: dict[str, Any], best_file: Path, device: torch.device) -> None:
        """Goes on from state(). A better best that was found after that checkpoint and is on disk stays the best."""
        self.skipped, self.since_best, self.warned = state["skipped"], state["since_best"], set(state["warned"])
        if state["best"]["loss"] is not None:
            self.best_step, self.best_loss = state["best"]["step"], state["best"]["loss"]
        with contextlib.suppress(HumanError):
            best = read_json(best_file)
            if best["step"] > state["step"] and best["valid_loss"] is not None:
                self.best_step, self.best_loss = best["step"], best["valid_loss"]
        window = state["window"]
        if window["sums"] is not None:
            # The sums of all processes stand with the first from here on.
            sums = [math.nan if s is None else s if self.first else 0.0 for s in window["sums"]]
            self.sums, self.bad = torch.tensor(sums, device=device), torch.tensor(window["bad"], device=device)
        self.counts, self.window_steps, self.window_clips = window["counts"], window["steps"], window["clips"]

    def warn(self, code: str, text: str) -> None:
        if code not in self.warned:
            self.warned.add(code)
            self.events.write("warning", code=code, text=text)
            self.say(f"Warning: {text}")

    def say(self, text: str) -> None:
        if not self.first:
            return
        if self.progress is None:
            print(text, flush=True)
        else:
            self.progress.write(text)
            sys.stdout.flush()

    def tell_data(self, prepared: Prepared, train: Sequence[Clip], valid: Sequence[Clip]) -> None:
        hours = sum(clip.facts.seconds for clip in prepared.clips) / 3600
        self.say(f"{len(train)} clips train, {len(valid)} validate, {hours:.2f} h; {prepared.encoded} newly encoded.")
        for reason, names in prepared.dropped.items():
            self.say(f"  dropped, {reason}: {len(names)} ({', '.join(names[:5])}{', …' if len(names) > 5 else ''})")

    def _look_at_gradients(self, step: int, bad: int, scaled: bool) -> None:
        self.bad_in_a_row = self.bad_in_a_row + bad if bad == self.window_steps else 0
        if self.bad_in_a_row >= GIVE_UP_AFTER:
            raise HumanError(
                "The last {steps} steps had gradients that are NaN or infinite, so nothing is learnt. "
                "Use a lower --learning_rate, and --bf16 or --fp32 instead of --fp16. Earlier checkpoints are sound.",
                "nan",
                says="nothing-learnt",
                steps=self.bad_in_a_row,
            )
        if bad and not scaled:
            self.warn("nan", f"Up to step {step}, {self.skipped} steps had NaN or infinite gradients and were skipped.")
        if scaled and step >= 100 and self.skipped > SKIPPED_SHARE * step:
            self.warn(
                "fp16-skipped",
                f"{self.skipped} of {step} steps were skipped because fp16 overflowed, over 5 %. Use --bf16 or --fp32.",
            )

    def _open_window(self) -> None:
        self.sums: torch.Tensor | None = None
        self.bad: torch.Tensor | None = None
        self.counts: list[int] | None = None
        self.window_steps = self.window_clips = 0

    def _board(self, group: str, step: int, values: dict[str, float], ce: list[float]) -> None:
        if self.board is None:
            return
        for name, value in {**values, **{f"ce_q{k + 1}": c for k, c in enumerate(ce)}}.items():
            self.board.add_scalar(f"{group}/{name}", value, step)


def _tensorboard(output: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise HumanError(
            "--tensorboard needs a package. Install it: pip install tensorboard",
            "package-missing",
            says="tensorboard-missing",
        ) from None
    return SummaryWriter(str(output / "tensorboard"))
