"""Which clips train and which validate, in what order, and the tensors of a batch.

Everything here is a function of the seed and the step alone: no generator has a state that a resume could lose.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cache import Clip
from forward import IGNORED, delayed_labels

if TYPE_CHECKING:
    import torch


def split(clips: Sequence[Clip], valid_fraction: float, seed: int) -> tuple[list[Clip], list[Clip]]:
    """(train, valid). Copies of one file stay on one side. At least one clip trains; one validates if there are two."""
    import numpy as np

    contents = sorted({clip.content for clip in clips})
    order = np.random.default_rng([seed, 0]).permutation(len(contents))
    count = min(len(contents) - 1, max(1, round(valid_fraction * len(contents)))) if valid_fraction > 0 else 0
    chosen = {contents[i] for i in order[:count]}
    return [c for c in clips if c.content not in chosen], [c for c in clips if c.content in chosen]


def fingerprint(clips: Sequence[Clip]) -> str:
    """Changes when the clips, their order or their captions do."""
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(f"{clip.content}|{clip.row.text}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


@dataclass(frozen=True)
class Item:
    """A clip as it stands in one step."""

    clip: Clip
    start: int  # first frame
    drop_text: bool


@dataclass(frozen=True)
class Plan:
    """The order of clips over all epochs. A step takes `step_clips` of them, whoever computes which part of it."""

    clips: Sequence[Clip]
    step_clips: int
    frames: int  # of the training length
    cfg_dropout: float
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.clips) // self.step_clips)

    def items(self, step: int) -> list[Item]:
        """The items of a step, counted from 1. An epoch's last step may have fewer."""
        import numpy as np

        epoch, place = divmod(step - 1, self.steps_per_epoch)
        order = np.random.default_rng([self.seed, 1, epoch]).permutation(len(self.clips))
        return [self._item(int(i), epoch) for i in order[place * self.step_clips : (place + 1) * self.step_clips]]

    def _item(self, index: int, epoch: int) -> Item:
        import numpy as np

        random = np.random.default_rng([self.seed, 2, epoch, index])
        clip = self.clips[index]
        spare = clip.codes.shape[1] - self.frames
        drop_text = bool(random.random() < self.cfg_dropout)
        return Item(clip, int(random.integers(spare + 1)) if spare > 0 else 0, drop_text)


def fixed_items(clips: Sequence[Clip]) -> list[Item]:
    """For validation: each clip from its start, with its text."""
    return [Item(clip, 0, False) for clip in clips]


def valid_positions(items: Sequence[Item], frames: int, codebooks: int) -> list[int]:
    """How many positions of each codebook count in the loss: the delay takes k of codebook k from each clip."""
    lengths = [min(frames, item.clip.codes.shape[1] - item.start) for item in items]
    return [sum(max(0, length - k) for length in lengths) for k in range(codebooks)]


@dataclass
class Batch:
    labels: torch.Tensor  # (B, T, K) int64, -100 where a clip has ended
    states: torch.Tensor  # (B, L, D) fp32
    mask: torch.Tensor  # (B, L) int64, a row of zeros is no text

    def to(self, device: torch.device) -> Batch:
        return Batch(*(to_device(t, device) for t in (self.labels, self.states, self.mask)))


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Without waiting for what the device is doing, which a copy from ordinary memory would."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def make_batch(items: Sequence[Item], frames: int, tokens: int, pad: int, rows: int = 0) -> Batch:
    """Clips cut to `frames`, shorter ones padded and masked; texts padded to `tokens`.

    With `rows`, empty rows are added up to that many, so that a short last batch has the shape of the others: they
    count nowhere.
    """
    import torch

    rows = max(rows, len(items))
    codebooks, width = items[0].clip.codes.shape[0], items[0].clip.text.shape[1]
    labels = torch.full((rows, frames, codebooks), IGNORED)
    states = torch.zeros(rows, tokens, width)
    mask = torch.zeros(rows, tokens, dtype=torch.long)
    for row, item in enumerate(items):
        codes = item.clip.codes[:, item.start : item.start + frames].long()
        labels[row, : codes.shape[1]] = delayed_labels(codes, pad)
        length = min(tokens, item.clip.text.shape[0])
        states[row, :length] = item.clip.text[:length]
        mask[row, :length] = 0 if item.drop_text else 1
    return Batch(labels, states, mask)
