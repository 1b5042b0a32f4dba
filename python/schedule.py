"""The learning rate of a step, as a function of the step alone."""

from __future__ import annotations

import math


def learning_rate(step: int, total: int, *, peak: float, warmup: int, shape: str) -> float:
    """For step 1…total: rises linearly over `warmup` steps, then stays, or falls towards 0 (linear, cosine).

    0 would come at the step after the last, so that every step learns something.
    """
    if step < warmup:
        return peak * step / warmup
    if shape == "constant" or total <= warmup:
        return peak
    done = min(1.0, max(0, step - warmup - 1) / (total - warmup))
    return peak * (1 - done if shape == "linear" else 0.5 * (1 + math.cos(math.pi * done)))
