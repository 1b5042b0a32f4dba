"""The functions of torch_ops.py as Triton kernels: the step is read on the GPU, so that one graph serves all.

Decoding is bound by memory traffic, most of it keys and values: attention streams what is filled of them once, in
16-byte loads, each slot of a tile keeping its own running softmax, so that nothing crosses threads before the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl
from triton.language.extra import libdevice

import torch_ops

if TYPE_CHECKING:
    from decode import Clock, Draw

LOG2E = 1.4426950408889634
NOTHING = tl.constexpr(-1e30)  # below any score; unlike minus infinity it can be subtracted from itself


def embed(out: torch.Tensor, tokens: torch.Tensor, tables: torch.Tensor, positions: torch.Tensor, clock: Clock) -> None:
    """See torch_ops.embed."""
    groups, prompts, codebooks = tokens.shape
    width = out.shape[-1]
    _embed[(groups * 2 * prompts,)](
        out, tokens, tables, positions, clock.now, prompts, width,
        CODEBOOKS=codebooks, ENTRIES=tables.shape[2], BLOCK=triton.next_power_of_2(width), num_warps=4,
    )  # fmt: skip


@triton.jit
def _embed(
    out, tokens, tables, positions, now, prompts, width,
    CODEBOOKS: tl.constexpr, ENTRIES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0)
    group = row // (2 * prompts)
    clip = group * prompts + row % prompts
    at = tl.arange(0, BLOCK)
    inside = at < width
    step = tl.load(now).to(tl.int64)
    total = tl.zeros([BLOCK], tl.float32)
    for k in tl.static_range(CODEBOOKS):
        token = tl.load(tokens + clip * CODEBOOKS + k)
        entry = (group * CODEBOOKS + k) * ENTRIES + token
        total += tl.load(tables + entry * width + at, inside, 0.0).to(tl.float32)
    total += tl.load(positions + step * width + at, inside, 0.0).to(tl.float32)
    tl.store(out + row * width + at, total, inside)


def add_norm(
    x: torch.Tensor, delta: torch.Tensor | None, weight: torch.Tensor, bias: torch.Tensor, rows: int
) -> torch.Tensor:
    """See torch_ops.add_norm."""
    groups, all_rows, width = x.shape
    normed = torch.empty(groups, rows, width, dtype=x.dtype, device=x.device)
    added = 0 if delta is None else delta.shape[1]
    _add_norm[(groups * all_rows,)](
        x, x if delta is None else delta, weight, bias, normed, all_rows, added, rows, width, 1e-5,
        BLOCK=triton.next_power_of_2(width), num_warps=4,
    )  # fmt: skip
    return normed


@triton.jit
def _add_norm(
    x, delta, weight, bias, normed, all_rows, added, rows, width, epsilon, BLOCK: tl.constexpr
):  # fmt: skip
    program = tl.program_id(0)
    group, row = program // all_rows, program % all_rows
    at = tl.arange(0, BLOCK)
    inside = at < width
    value = tl.load(x + program * width + at, inside, 0.0)
    if row < added:
        value += tl.load(delta + (group * added + row) * width + at, inside, 0.0)
        tl.store(x + program * width + at, value, inside)
    if row < rows:
        exact = value.to(tl.float32)
        centred = tl.where(inside, exact - tl.sum(exact) / width, 0.0)
        scale = tl.rsqrt(tl.sum(centred * centred) / width + epsilon)
        w = tl.load(weight + group * width + at, inside, 0.0).to(tl.float32)
        b = tl.load(bias + group * width + at, inside, 0.0).to(tl.float32)
        tl.store(normed + (group * rows + row) * width + at, centred * scale * w + b, inside)


def self_attention(qkv: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, clock: Clock) -> torch.Tensor:
    """See torch_ops.self_attention."""
    rows, heads, steps, size = keys.shape
    mixed = torch.empty(*qkv.shape[:2], heads * size, dtype=qkv.dtype, device=qkv.device)
    _self_attention[(rows * heads,)](
        qkv, keys, values, mixed, clock.now, steps, size**-0.5 * LOG2E,
        HEADS=heads, SIZE=size, TILE=32, num_warps=2,
    )  # fmt: skip
    return mixed


@triton.jit
def _self_attention(
    qkv, keys, values, mixed, now, steps, scale, HEADS: tl.constexpr, SIZE: tl.constexpr, TILE: tl.constexpr
):  # fmt: skip
    program = tl.program_id(0).to(tl.int64)
    row, head = program // HEADS, program % HEADS
    step = tl.load(now)
    e = tl.arange(0, SIZE)
    slot = tl.arange(0, TILE)
    own = qkv + row * (3 * HEADS * SIZE) + head * SIZE + e
    query = tl.load(own).to(tl.float32) * scale
    new_key, new_value = tl.load(own + HEADS * SIZE), tl.load(own + 2 * HEADS * SIZE)
    cache = program * steps * SIZE
    tl.store(keys + cache + step * SIZE + e, new_key)
    tl.store(values + cache + step * SIZE + e, new_value)

    # This step's key is known already: it starts the sums of the first slot.
    score = tl.sum(query * new_key.to(tl.float32))
    best = tl.where(slot == 0, score, NOTHING)
    weight = tl.where(slot == 0, 1.0, 0.0)
    total = tl.where(slot[:, None] == 0, new_value.to(tl.float32)[None, :], 0.0)
    places = cache + slot[:, None] * SIZE + e[None, :]
    for start in tl.range(0, step, TILE, num_stages=3):
        seen = start + slot < step
        k = tl.load(keys + places + start * SIZE, seen[:, None], 0.0)
        v = tl.load(values + places + start * SIZE, seen[:, None], 0.0)
        scores = tl.where(seen, tl.sum(k.to(tl.float32) * query[None, :], 1), NOTHING)
        higher = tl.maximum(best, scores)
        fade, p = tl.exp2(best - higher), tl.where(seen, tl.exp2(scores - higher), 0.0)
        weight = weight * fade + p
        total = total * fade[:, None] + p[:, None] * v.to(tl.float32)
        best = higher
    share = tl.exp2(best - tl.max(best))
    result = tl.sum(total * share[:, None], 0) / tl.sum(weight * share)
    tl.store(mixed + program * SIZE + e, result)


def cross_attention(q: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """See torch_ops.cross_attention."""
    rows, heads, text, size = keys.shape
    mixed = torch.empty_like(q)
    _cross_attention[(rows * heads,)](
        q, keys, values, lengths, mixed, text, size**-0.5 * LOG2E, HEADS=heads, SIZE=size, TILE=32, num_warps=1
    )
    return mixed


@triton.jit
def _cross_attention(
    q, keys, values, lengths, mixed, text, scale, HEADS: tl.constexpr, SIZE: tl.constexpr, TILE: tl.constexpr
):  # fmt: skip
    program = tl.program_id(0).to(tl.int64)
    length = tl.load(lengths + program // HEADS)
    e = tl.arange(0, SIZE)
    slot = tl.arange(0, TILE)
    query = tl.load(q + program * SIZE + e).to(tl.float32) * scale
    cache = program * text * SIZE
    best = tl.full([1], float("-inf"), tl.float32)
    weight = tl.zeros([1], tl.float32)
    total = tl.zeros([SIZE], tl.float32)
    for start in range(0, length, TILE):
        at = start + slot
        seen = at < length
        places = cache + at[:, None] * SIZE + e[None, :]
        k = tl.load(keys + places, seen[:, None], 0.0).to(tl.float32)
        v = tl.load(values + places, seen[:, None], 0.0).to(tl.float32)
        scores = tl.where(seen, tl.sum(k * query[None, :], 1), float("-inf"))
        higher = tl.maximum(best, tl.max(scores))
        fade, p = tl.exp2(best - higher), tl.exp2(scores - higher)
        weight = weight * fade + tl.sum(p)
        total = total * fade + tl.sum(p[:, None] * v, 0)
        best = higher
    tl.store(mixed + program * SIZE + e, total / weight)


def draw(logits: torch.Tensor, tokens: torch.Tensor, codes: torch.Tensor, how: Draw, clock: Clock) -> None:
    """See torch_ops.draw."""
    groups, prompts, codebooks = tokens.shape
    _draw[(groups * prompts, codebooks)](
        logits, tokens, codes, how.keys, clock.now, prompts, how.frames, codes.shape[-1], how.guidance,
        1.0 / (how.temperature or 1.0),
        TOP_K=how.top_k, GREEDY=how.temperature == 0, PAD=how.pad, CODEBOOKS=codebooks,
        V=logits.shape[-1] // codebooks, BLOCK=triton.next_power_of_2(logits.shape[-1] // codebooks), num_warps=4,
    )  # fmt: skip


@triton.jit
def _draw(
    logits, tokens, codes, keys, now, prompts, frames, steps, guidance, sharpness,
    TOP_K: tl.constexpr, GREEDY: tl.constexpr, PAD: tl.constexpr, CODEBOOKS: tl.constexpr,
    V: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    clip, codebook = tl.program_id(0), tl.program_id(1)
    step = tl.load(now)
    code = tl.arange(0, BLOCK)
    inside = code < V
    row = (clip // prompts) * 2 * prompts + clip % prompts
    heard_at = logits + (row * CODEBOOKS + codebook).to(tl.int64) * V + code
    heard = tl.load(heard_at, inside, 0.0).to(tl.float32)
    unheard = tl.load(heard_at + prompts * CODEBOOKS * V, inside, 0.0).to(tl.float32)
    score = tl.where(inside, unheard + (heard - unheard) * guidance, float("-inf"))
    if not GREEDY:
        # The k-th highest score, found bit by bit in integers that are ordered like the floats.
        bits = score.to(tl.int32, bitcast=True)
        order = tl.where(bits < 0, ~bits, bits ^ -2147483648).to(tl.uint32, bitcast=True)
        threshold = tl.zeros([1], tl.uint32)
        for place in tl.static_range(32):
            tried = threshold | tl.full([1], 1 << (31 - place), tl.uint32)
            enough = tl.sum((order >= tried).to(tl.int32)) >= TOP_K
            threshold = tl.where(enough, tried, threshold)
        key = tl.load(keys + clip)
        zero = tl.zeros([BLOCK], tl.uint32)
        which, when = zero + codebook.to(tl.uint32), zero + step.to(tl.uint32)
        word, _, _, _ = tl.philox(key, code.to(tl.uint32), which, when, zero)
        uniform = ((word >> 8).to(tl.float32) + 0.5) * 5.9604644775390625e-08
        noisy = score * sharpness - tl.log(-tl.log(uniform))
        score = tl.where(order >= threshold, noisy, float("-inf"))
    drawn = tl.argmax(score, 0)
    late = step - codebook
    drawn = tl.where((late >= 0) & (late < frames), drawn, PAD).to(tl.int64)
    tl.store(tokens + clip * CODEBOOKS + codebook, drawn)
    tl.store(codes + (clip * CODEBOOKS + codebook).to(tl.int64) * steps + step, drawn)


def elu_pad(x: torch.Tensor, alpha: float | None, padding: tuple[int, int], mode: str) -> torch.Tensor:
    """See torch_ops.elu_pad. In one pass: what comes in is large."""
    if mode != "reflect" or alpha is None:
        return torch_ops.elu_pad(x, alpha, padding, mode)
    rows, length = x.shape[0] * x.shape[1], x.shape[2]
    padded = length + sum(padding)
    out = torch.empty(*x.shape[:2], padded, dtype=x.dtype, device=x.device)
    _elu_pad[(rows, triton.cdiv(padded, 4096))](
        x.contiguous(), out, length, padding[0], padded, alpha, BLOCK=4096, num_warps=8
    )
    return out


@triton.jit
def _elu_pad(x, out, length, left, padded, alpha, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = at < padded
    place = tl.abs(at - left)
    place = tl.where(place < length, place, 2 * (length - 1) - place)
    value = tl.load(x + row * length + place, inside, 0.0)
    value = tl.where(value > 0, value, alpha * libdevice.expm1(value))
    tl.store(out + row * padded + at, value, inside)
