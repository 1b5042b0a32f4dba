"""How many clips are made at once: what memory holds, in as few batches as that allows."""

from __future__ import annotations

import pytest

from batching import AUDIO_CLIPS, Needs, Sizes, sizes_that_fit

SMALL = Needs(model=0.85e9, clip=0.15e9, audio=1.2e9)  # musicgen-small in fp16, 15 s


def test_where_memory_is_plenty_all_is_one_batch() -> None:
    assert sizes_that_fit(100e9, SMALL, models=3, prompts=50) == Sizes(150, 3, AUDIO_CLIPS)
    assert sizes_that_fit(100e9, SMALL, models=3, prompts=50, most=24) == Sizes(24, 3, AUDIO_CLIPS)
    assert sizes_that_fit(100e9, SMALL, models=1, prompts=4) == Sizes(4, 1, 4)


def test_a_small_card_takes_one_model_after_the_other() -> None:
    """Three models side by side would leave room for two prompts, and so need 25 batches instead of 9."""
    assert sizes_that_fit(5e9, SMALL, models=3, prompts=50) == Sizes(19, 1, 1)
    assert sizes_that_fit(5e9, SMALL, models=3, prompts=2) == Sizes(6, 3, 1)


@pytest.mark.parametrize("free", [4e9, 7e9, 11e9, 22e9, 44e9])
@pytest.mark.parametrize("models", [1, 2, 3, 9])
def test_what_is_taken_fits(free: float, models: int) -> None:
    sizes = sizes_that_fit(free, SMALL, models, prompts=50)
    assert sizes.models * SMALL.model + sizes.clips * SMALL.clip + sizes.audio * SMALL.audio <= free


def test_where_nothing_fits_one_clip_is_tried() -> None:
    assert sizes_that_fit(1e9, SMALL, models=3, prompts=50) == Sizes(1, 1, 1)
    assert sizes_that_fit(-1e9, SMALL, models=3, prompts=50) == Sizes(1, 1, 1)
