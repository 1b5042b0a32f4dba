"""Same-noise sampling: what is drawn for a clip depends on its prompt's id, the seed, the step and the codebook alone.

Base, best and final of one prompt so differ by the adapter and not by luck, whatever else is in the batch. The noise is
counter based (Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and a token is
drawn by Gumbel-max: argmax(logits / temperature + noise) over the top k.

Shapes: R clips, K codebooks, V codes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

FRAME_RATE = 50
WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10


@dataclass(frozen=True)
class Sampling:
    """How clips are drawn, equal for all of an evaluation."""

    duration_s: float = 15.0
    guidance: float = 3.0
    top_k: int = 250
    temperature: float = 1.0

    @property
    def frames(self) -> int:
        """Frames of the codec, 50 a second, that cover the duration."""
        return max(1, -int(-self.duration_s * FRAME_RATE // 1))

    def as_json(self) -> dict[str, float]:
        return {
            "top_k": self.top_k,
            "temperature": self.temperature,
            "guidance": self.guidance,
            "duration_s": self.duration_s,
        }


def noise_key(prompt: str, seed: int) -> int:
    """The 63-bit key of a clip's noise."""
    digest = hashlib.sha256(f"{seed}\0{prompt}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def philox(
    counter: tuple[torch.Tensor, torch.Tensor | int, torch.Tensor | int, torch.Tensor | int], key: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """Philox4x32-10: four 32-bit counter words and a 64-bit key, all int64 and broadcast, → four 32-bit words."""
    c0, c1, c2, c3 = counter
    k0, k1 = key & WORD, (key >> 32) & WORD
    for _ in range(ROUNDS):
        # The product wraps around at 64 bits, and its upper word is still the right one.
        first, second = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            ((second >> 32) & WORD) ^ c1 ^ k0,
            second & WORD,
            ((first >> 32) & WORD) ^ c3 ^ k1,
            first & WORD,
        )
        k0, k1 = (k0 + _KEY_STEPS[0]) & WORD, (k1 + _KEY_STEPS[1]) & WORD
    return c0, c1, c2, c3


def gumbel(codes: torch.Tensor, keys: torch.Tensor, step: int) -> torch.Tensor:
    """Gumbel noise in float32 for codes (R, K, any) of the clips with keys (R,) at a step."""
    import torch

    codebooks = torch.arange(codes.shape[1], device=codes.device)[:, None]
    word = philox((codes, codebooks, step, 0), keys[:, None, None])[0]
    uniform = ((word >> 8).float() + 0.5) * 2.0**-24
    return uniform.log_().neg_().log_().neg_()


def sample(logits: torch.Tensor, keys: torch.Tensor, step: int, top_k: int, temperature: float) -> torch.Tensor:
    """Tokens (R, K) for guided logits (R, K, V) in float32. Temperature 0 takes the likeliest."""
    if temperature == 0:
        return logits.argmax(-1)
    best, codes = logits.topk(min(top_k, logits.shape[-1]), sorted=False)
    choice = (best / temperature + gumbel(codes, keys, step)).argmax(-1, keepdim=True)
    return codes.gather(-1, choice).squeeze(-1)
