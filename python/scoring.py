"""Figures about sets of clips that need no weights beside the model's own codec. NumPy alone; all are told by formula.

A clip is its windows (n, d): mean and spread of the codec's latent over each second. Distances are taken after each
dimension was brought to mean 0 and spread 1 over the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

FRAMES = 50
Windows = Any  # (n, d) float32


def windows_of(latent: Windows) -> Windows:
    """Latent (D, T) at 50 Hz → a row of mean and spread for each second, (n, 2D); a shorter clip is one window."""
    count = max(1, latent.shape[1] // FRAMES)
    parts = np.array_split(latent[:, : count * FRAMES], count, axis=1)
    return np.stack([np.concatenate([part.mean(1), part.std(1)]) for part in parts]).astype(np.float32)


class Scale:
    """Brings windows to the reference's mean and spread."""

    def __init__(self, reference: Sequence[Windows]) -> None:
        together = np.concatenate(reference)
        self.mean, self.spread = together.mean(0), together.std(0) + 1e-6

    def __call__(self, clips: Sequence[Windows]) -> list[Windows]:
        return [(clip - self.mean) / self.spread for clip in clips]


def kernel_distance(
    made: Sequence[Windows], reference: Sequence[Windows], draws: int = 500, seed: int = 0
) -> tuple[float, float, float]:
    """100 · MMD² between two sets of clips, and its 95 % interval by bootstrap over clips.

    MMD² is the unbiased estimate of Gretton et al., "A kernel two-sample test" (JMLR 2012), with a Gaussian kernel as
    wide as the median distance within the reference, on which kernel audio distances build: unlike Fréchet distances it
    has no bias at fifty clips. Windows of one clip are alike, so the clip is the unit: a pair of clips has the mean
    kernel of their windows, and no clip is compared with itself. Needs two clips on each side.
    """
    if min(len(made), len(reference)) < 2:
        raise ValueError("a kernel distance needs two clips on each side")
    clips = [*made, *reference]
    windows = np.concatenate(clips)
    own = np.concatenate(reference)
    width = float(np.median(_distances(own[:2000], own[:2000])[np.triu_indices(min(len(own), 2000), 1)])) or 1.0
    sizes = np.array([len(clip) for clip in clips])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    kernel = np.exp(-((_distances(windows, windows) / width) ** 2) / 2)
    kernel = np.add.reduceat(np.add.reduceat(kernel, starts, 0), starts, 1) / np.outer(sizes, sizes)
    np.fill_diagonal(kernel, 0.0)
    split = len(made)
    random = np.random.default_rng(seed)

    def distance(x: Any, y: Any) -> float:
        """MMD² where clips count as often as x and y say."""
        within_x = x @ kernel[:split, :split] @ x / (x.sum() ** 2 - (x**2).sum())
        within_y = y @ kernel[split:, split:] @ y / (y.sum() ** 2 - (y**2).sum())
        return 100 * float(within_x + within_y - 2 * (x @ kernel[:split, split:] @ y) / (x.sum() * y.sum()))

    def redrawn(count: int) -> Any:
        while True:
            weights = random.multinomial(count, np.full(count, 1 / count)).astype(float)
            if (weights > 0).sum() > 1:  # one clip alone has no pair
                return weights

    value = distance(np.ones(split), np.ones(len(reference)))
    drawn = [distance(redrawn(split), redrawn(len(reference))) for _ in range(draws)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return value, float(low), float(high)


def diversity(clips: Sequence[Windows]) -> float:
    """Mean distance between the mean windows of two clips; 0 for fewer than two."""
    if len(clips) < 2:
        return 0.0
    means = np.stack([clip.mean(0) for clip in clips])
    return float(_distances(means, means)[np.triu_indices(len(means), 1)].mean())


def nearest(clip: Windows, others: Sequence[Windows]) -> tuple[int, float]:
    """The other clip in which the windows of this one find the closest partners, and their mean distance."""
    distances = _distances(clip, np.concatenate(others))
    starts = np.concatenate([[0], np.cumsum([len(other) for other in others])[:-1]])
    found = np.minimum.reduceat(distances, starts, axis=1).mean(0)
    place = int(found.argmin())
    return place, float(found[place])


def nearest_within(clips: Sequence[Windows]) -> Any:
    """Each clip's distance to its nearest other clip, sorted: what nearness is measured by."""
    found = [nearest(clip, [*clips[:i], *clips[i + 1 :]])[1] for i, clip in enumerate(clips)]
    return np.sort(np.array(found))


def _distances(a: Windows, b: Windows) -> Any:
    """Euclidean distances (len(a), len(b))."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0.0))
