"""The learning rate of a step, as a function of the step alone."""

from __future__ import annotations

import math


def learning_rate(step: int, total: int, *, peak: float, warmup: int, shape: str) -> float:
    """For step 1…total: rises linearly over `warmup` steps, then stays, or falls to 0 at `total` (linear, cosine)."""
    if step < warmup:
        return peak * step / warmup
    if shape == "constant" or total <= warmup:
        return peak
    done = min(1.0, (step - warmup) / (total - warmup))
    return peak * (1 - done if shape == "linear" else 0.5 * (1 + math.cos(math.pi * done)))
