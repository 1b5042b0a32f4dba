"""The steps of decoding that are no matrix product, in plain PyTorch: for CPUs and for GPUs without Triton.

triton_ops.py has the same functions as kernels. Shapes: G models, B prompts of each, N = 2B rows (the first half hears
the prompt, the second does not), D width, H heads of E, K codebooks, V codes, S steps, L text tokens;
of the codec R clips, C channels, N samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from sampling import sample

if TYPE_CHECKING:
    from decode import Clock, Draw


def embed(out: torch.Tensor, tokens: torch.Tensor, tables: torch.Tensor, positions: torch.Tensor, clock: Clock) -> None:
    """out (G, N, D) = the sum of the embeddings of tokens (G, B, K) in tables (G, K, V+1, D), plus the position's."""
    groups, prompts, codebooks = tokens.shape
    flat = tokens + torch.arange(groups)[:, None, None].to(tokens) * (codebooks * tables.shape[2])
    flat = flat + torch.arange(codebooks).to(tokens) * tables.shape[2]
    rows = F.embedding(flat, tables.flatten(0, 2)).sum(2) + positions[clock.step]
    out.view(groups, -1, prompts, out.shape[-1]).copy_(rows[:, None])


def add_norm(
    x: torch.Tensor, delta: torch.Tensor | None, weight: torch.Tensor, bias: torch.Tensor, rows: int
) -> torch.Tensor:
    """Adds delta to the first rows of x (G, N, D) in place, and returns the layer norm of the first `rows` of each."""
    if delta is not None:
        x[:, : delta.shape[1]] += delta
    normed = F.layer_norm(x[:, :rows], x.shape[-1:])
    return torch.addcmul(bias[:, None], normed, weight[:, None])


def self_attention(qkv: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, clock: Clock) -> torch.Tensor:
    """Attention of qkv (G, N, 3D) over what is filled of the caches (G*N, H, S, E), after adding this step to them."""
    rows, heads, _, size = keys.shape
    query, key, value = qkv.view(rows, 3, heads, size).unbind(1)
    keys[:, :, clock.step] = key
    values[:, :, clock.step] = value
    seen = clock.step + 1
    mixed = F.scaled_dot_product_attention(query[:, :, None], keys[:, :, :seen], values[:, :, :seen])
    return mixed.reshape(*qkv.shape[:2], heads * size)


def cross_attention(q: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Attention of q (G, B, D) over the text's keys and values (G*B, H, L, E), of which lengths (G*B,) count."""
    rows, heads, text, size = keys.shape
    mask = torch.arange(text, device=q.device) < lengths[:, None]
    mixed = F.scaled_dot_product_attention(q.view(rows, heads, 1, size), keys, values, attn_mask=mask[:, None, None])
    return mixed.reshape(q.shape)


def draw(logits: torch.Tensor, tokens: torch.Tensor, codes: torch.Tensor, how: Draw, clock: Clock) -> None:
    """Guides logits (G, N, K*V), draws and delays; writes tokens (G, B, K) and this step of codes (G*B, K, S)."""
    groups, prompts, codebooks = tokens.shape
    heard, unheard = logits.float().view(groups, 2, prompts, codebooks, -1).unbind(1)
    guided = torch.lerp(unheard, heard, how.guidance).reshape(groups * prompts, codebooks, -1)
    drawn = sample(guided, how.keys, clock.step, how.top_k, how.temperature)
    late = clock.step - torch.arange(codebooks, device=tokens.device)
    drawn = torch.where((late >= 0) & (late < how.frames), drawn, how.pad)
    tokens.copy_(drawn.view_as(tokens))
    codes[:, :, clock.step] = drawn


def elu_pad(x: torch.Tensor, alpha: float | None, padding: tuple[int, int], mode: str) -> torch.Tensor:
    """ELU of x (R, C, N), or x itself where alpha is None, padded by so many samples before and after."""
    return F.pad(x if alpha is None else F.elu(x, alpha), padding, mode)
