"""The noise: known answers of Philox, and that it depends on prompt, seed, step and codebook alone."""

from __future__ import annotations

import torch

from sampling import Sampling, gumbel, noise_key, philox, sample


def words(counter: list[int], key: int) -> list[int]:
    tensors = tuple(torch.tensor([word]) for word in counter)
    return [int(word) for word in philox(tensors, torch.tensor([key]))]  # type: ignore[arg-type]


def test_philox_gives_the_known_answers() -> None:
    """From the kat_vectors of Random123, the authors' library: philox4x32, 10 rounds."""
    assert words([0, 0, 0, 0], 0) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert words([0xFFFFFFFF] * 4, -1) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    key = 0x299F31D0 << 32 | 0xA4093822
    counter = [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344]
    assert words(counter, key) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def test_noise_is_the_same_in_any_company() -> None:
    codes = torch.arange(2048).expand(5, 4, -1)
    keys = torch.tensor([noise_key(f"p{i}", 0) for i in range(5)])
    together = gumbel(codes, keys, 17)
    alone = gumbel(codes[3:4], keys[3:4], 17)
    assert torch.equal(together[3:4], alone)


def test_noise_differs_by_prompt_seed_step_and_codebook() -> None:
    codes = torch.arange(2048).expand(1, 4, -1)

    def noise(prompt: str, seed: int, step: int) -> torch.Tensor:
        return gumbel(codes, torch.tensor([noise_key(prompt, seed)]), step)

    first = noise("a", 0, 0)
    for other in (noise("b", 0, 0), noise("a", 1, 0), noise("a", 0, 1), first.roll(1, dims=1)):
        assert abs(float(torch.corrcoef(torch.stack([first.flatten(), other.flatten()]))[0, 1])) < 0.05
    assert torch.equal(first, noise("a", 0, 0))


def test_tokens_are_drawn_as_likely_as_the_model_says() -> None:
    """Ten thousand draws from known odds; four standard deviations."""
    odds = torch.tensor([0.5, 0.3, 0.15, 0.05])
    keys = torch.arange(10_000)
    drawn = sample(odds.log().expand(10_000, 1, 4), keys, 3, top_k=4, temperature=1.0).flatten()
    found = torch.bincount(drawn, minlength=4) / 10_000
    assert ((found - odds).abs() < 4 * (odds * (1 - odds) / 10_000).sqrt()).all()


def test_top_k_and_temperature() -> None:
    logits = torch.tensor([0.0, 3.0, 2.0, 1.0]).expand(4000, 1, 4)
    keys = torch.arange(4000)
    assert set(sample(logits, keys, 0, top_k=2, temperature=1.0).flatten().tolist()) == {1, 2}
    assert set(sample(logits, keys, 0, top_k=4, temperature=0.0).flatten().tolist()) == {1}
    cold = (sample(logits, keys, 0, 4, 0.3) == 1).float().mean()
    warm = (sample(logits, keys, 0, 4, 3.0) == 1).float().mean()
    assert cold > 0.95
    assert warm < 0.5


def test_frames_cover_the_duration() -> None:
    assert [Sampling(duration_s=s).frames for s in (15.0, 0.1, 0.11, 8.0, 29.99)] == [750, 5, 6, 400, 1500]
