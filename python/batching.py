"""Which clips are made together: as many as memory holds, in as few batches as that allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluation_folder import RATE

if TYPE_CHECKING:
    import torch

    from checkpoints import Model
    from prompts import Prompt
    from sampling import Sampling

MODELS_AT_ONCE = 4
GPU_BUDGET = 37e9
"""Bytes; what more would hold makes nothing faster."""
CPU_CLIPS = 24
AUDIO_CLIPS = 8
AUDIO_SHARE = 0.3
"""Of what the weights leave, at most this goes to the codec, which runs beside the decoder."""


@dataclass(frozen=True)
class Batch:
    """Clips of `prompts` by each of `models`; short of `size` prompts it is filled up and the rest thrown away."""

    models: tuple[Model, ...]
    seed: int
    prompts: tuple[Prompt, ...]
    size: int

    def clips(self) -> list[tuple[str, int, str]]:
        """Model, seed and prompt of each clip, by name and id."""
        return [(model.name, self.seed, prompt.id) for model in self.models for prompt in self.prompts]


@dataclass(frozen=True)
class Sizes:
    """How much is made at once: `clips` by `models` in the decoder, and `audio` clips in the codec."""

    clips: int
    models: int
    audio: int


@dataclass(frozen=True)
class Needs:
    """Bytes that the decoder needs for the weights of a model and for a clip, and the codec for a clip."""

    model: float
    clip: float
    audio: float


def plan_batches(
    prompts: Sequence[Prompt], models: Sequence[Model], seeds: Sequence[int], clips: int, models_at_once: int
) -> list[Batch]:
    """The batches of an evaluation: a function of the full request, whatever is finished of it already."""
    batches = []
    for group in _even(models, min(clips, models_at_once)):
        chunks = _even(prompts, max(1, clips // len(group)))
        for seed in seeds:
            batches += [Batch(tuple(group), seed, tuple(chunk), len(chunks[0])) for chunk in chunks]
    return batches


def _even(items: Sequence[Any], limit: int) -> list[Sequence[Any]]:
    """Slices of at most `limit`, as equal as can be, the longer ones first."""
    size = math.ceil(len(items) / math.ceil(len(items) / limit))
    return [items[start : start + size] for start in range(0, len(items), size)]


def sizes_that_fit(free: float, needs: Needs, models: int, prompts: int, most: int | None = None) -> Sizes:
    """What makes the fewest batches with `free` bytes, and at most `most` clips at once.

    Fewer models side by side leave more room for clips, but each clip then shares its batch with fewer of them. Of
    equals the one with the most models is taken: it stacks their weights once.
    """

    def with_models(count: int) -> Sizes:
        left = free - count * needs.model
        audio = max(1, min(AUDIO_CLIPS, int(AUDIO_SHARE * left // needs.audio)))
        clips = min(int((left - audio * needs.audio) // needs.clip), count * prompts, most or count * prompts)
        return Sizes(max(1, clips), count, max(1, min(audio, clips)))

    def batches(sizes: Sizes) -> float:
        if sizes.clips < sizes.models:
            return math.inf
        return math.ceil(models / sizes.models) * math.ceil(prompts / (sizes.clips // sizes.models))

    return min(map(with_models, range(min(models, MODELS_AT_ONCE), 0, -1)), key=batches)


def needs_of(model: Any, text_tokens: int, sampling: Sampling, dtype: torch.dtype) -> Needs:
    """What clips of this model need: weights, keys and values; and about ten copies of the codec's widest layer."""
    config = model.config.decoder
    size = dtype.itemsize
    steps = sampling.frames + config.num_codebooks
    per_token = 2 * config.num_hidden_layers * config.hidden_size * size
    return Needs(
        model=size * sum(parameter.numel() for parameter in model.decoder.parameters()),
        clip=(2 * steps + text_tokens) * per_token,
        audio=10 * 4 * model.audio_encoder.config.num_filters * sampling.duration_s * RATE,
    )


def free_bytes(device: torch.device) -> float:
    """What an evaluation may take of the memory of this device."""
    if device.type == "cuda":
        import torch

        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by PyTorch, and not in use
        return min(0.9 * (torch.cuda.mem_get_info(device)[0] + kept), GPU_BUDGET)
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":") for line in file)
        return 0.5 * 1024.0 * int(fields["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return 2e9
