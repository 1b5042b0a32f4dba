"""Labels, teacher-forced logits and loss of MusicGen: what training computes, as the model itself defines it.

Shapes: B clips, K codebooks (4), T frames (50 a second), V codes a codebook (2048), L text tokens, D text width, W the
decoder's width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from musicgen import base_of

if TYPE_CHECKING:
    import torch

LayerFunction = Callable[..., "torch.Tensor"]

IGNORED = -100
STACKED = "frozen_qkv"


def delayed_labels(codes: torch.Tensor, pad: int = 2048) -> torch.Tensor:
    """Codes (K, T) → labels (T, K) as the model wants them: codebook k delayed by k frames, `pad` before its first.

    The model shifts labels right by one frame by itself, but does not build the delay: its input is then
    decoder_input[k, t] == codes[k, t-1-k]. The last k codes of codebook k fall off the end.
    """
    codebooks, frames = codes.shape
    labels = codes.new_full((frames, codebooks), pad)
    for k in range(min(codebooks, frames)):
        labels[k:, k] = codes[k, : frames - k]
    return labels


def shift_right(labels: torch.Tensor, pad: int = 2048) -> torch.Tensor:
    """Labels (B, T, K) → decoder input (B, K, T): one frame later, `pad` at the start and where labels are ignored."""
    shifted = labels.new_full(labels.shape, pad)
    shifted[:, 1:] = labels[:, :-1]
    return shifted.masked_fill_(shifted == IGNORED, pad).transpose(1, 2).contiguous()


def decoder_logits(
    model: Any,
    labels: torch.Tensor,
    text_states: torch.Tensor,
    text_mask: torch.Tensor,
    layer_function: LayerFunction | None = None,
) -> torch.Tensor:
    """Teacher-forced logits (B, K, T, V) for labels (B, T, K), T5 states (B, L, D) and mask (B, L).

    A row of zeros in the mask is "no text": its keys and values are exactly zero, as in guided generation.
    `layer_function` stands for decoder_layer, compiled for example.
    """
    base = base_of(model)
    decoder = base.decoder
    keep = text_mask[..., None].to(text_states.dtype)
    states = base.enc_to_dec_proj(text_states) if hasattr(base, "enc_to_dec_proj") else text_states
    states = states * keep.to(states.dtype)
    # Older torch gives NaN where a row may attend to nothing. With zero values all weights give the same: zero.
    attended = text_mask.bool() | ~text_mask.bool().any(dim=1, keepdim=True)
    inputs = shift_right(labels, decoder.config.vocab_size)
    hidden = decoder_hidden(
        decoder.model.decoder, inputs, states, attended[:, None, None], layer_function or decoder_layer
    )
    return _one_product(decoder.lm_heads, hidden).unflatten(-1, (len(decoder.lm_heads), -1)).transpose(1, 2)


def decoder_hidden(
    decoder: Any, inputs: torch.Tensor, states: torch.Tensor, attended: torch.Tensor, layer_function: LayerFunction
) -> torch.Tensor:
    """Last hidden states (B, T, W) for decoder input (B, K, T), projected text (B, L, W) and its mask (B, 1, 1, L).

    The layers' own modules, adapters included, without what a cache and other callers need: nothing here copies from
    the host or asks the device, so that a CUDA graph can hold it.
    """
    hidden = sum(embed(inputs[:, k]) for k, embed in enumerate(decoder.embed_tokens))
    hidden = hidden + decoder.embed_positions.weights[: inputs.shape[-1]]
    for layer in decoder.layers:
        hidden = layer_function(layer, hidden, states, attended)
    return decoder.layer_norm(hidden)


def decoder_layer(layer: Any, hidden: torch.Tensor, states: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
    """Self-attention, attention to the text, feed-forward; each on the normed input and added to it."""
    normed = layer.self_attn_layer_norm(hidden)
    hidden = hidden + _attention(layer.self_attn, normed, normed, None)
    hidden = hidden + _attention(layer.encoder_attn, layer.encoder_attn_layer_norm(hidden), states, attended)
    return hidden + layer.fc2(layer.activation_fn(layer.fc1(layer.final_layer_norm(hidden))))


def _attention(
    attention: Any, queries: torch.Tensor, keys: torch.Tensor, attended: torch.Tensor | None
) -> torch.Tensor:
    """Causal where there is no mask."""
    import torch.nn.functional as F

    def heads(projected: torch.Tensor) -> torch.Tensor:
        return projected.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)

    if keys is queries:
        layers = [attention.q_proj, attention.k_proj, attention.v_proj]
        q, k, v = project(layers, queries, getattr(attention, STACKED, None))
    else:
        (q,), (k, v) = project([attention.q_proj], queries), project([attention.k_proj, attention.v_proj], keys)
    mixed = F.scaled_dot_product_attention(heads(q), heads(k), heads(v), attn_mask=attended, is_causal=attended is None)
    return project([attention.out_proj], mixed.transpose(1, 2).flatten(2))[0]


def project(layers: Sequence[Any], inputs: torch.Tensor, stacked: torch.Tensor | None = None) -> list[torch.Tensor]:
    """What linear layers make of one input; with plain LoRA on all of them, in one product each for base and A.

    `stacked` holds their base weights one below the other, where that was done before.
    """
    import torch
    import torch.nn.functional as F

    adapters = [_plain_lora(layer) for layer in layers]
    if any(adapter is None for adapter in adapters):
        return [layer(inputs) for layer in layers]
    down, up, scales = zip(*adapters)
    if stacked is None:
        stacked = torch.cat([layer.base_layer.weight for layer in layers])
    base = F.linear(inputs, stacked).chunk(len(layers), -1)
    low = F.linear(inputs, torch.cat(down)).chunk(len(layers), -1)
    # Scaled where it is narrow: the gradient of the wide side then needs no copy.
    return [y + F.linear(x * scale, b) for y, x, b, scale in zip(base, low, up, scales)]


def _one_product(layers: Sequence[Any], inputs: torch.Tensor) -> torch.Tensor:
    """What linear layers of one width make of one input, beside each other in the last dimension."""
    import torch
    import torch.nn.functional as F

    if all(type(layer) is torch.nn.Linear and layer.bias is None for layer in layers):
        return F.linear(inputs, torch.cat([layer.weight for layer in layers]))
    return torch.cat(project(layers, inputs), -1)


def _plain_lora(layer: Any) -> tuple[torch.Tensor, torch.Tensor, float] | None:
    """(A, B, scale) of a PEFT layer that is exactly W x + scale B A x now; None for any other."""
    if not hasattr(layer, "lora_A") or layer.disable_adapters or layer.merged or len(layer.active_adapters) != 1:
        return None
    name = layer.active_adapters[0]
    plain = name in layer.lora_A and not layer.use_dora.get(name, False) and layer.lora_B[name].bias is None
    if not plain or getattr(layer.lora_dropout[name], "p", 0) > 0:
        return None
    return layer.lora_A[name].weight, layer.lora_B[name].weight, layer.scaling[name]


def lower_frozen(model: Any, dtype: torch.dtype) -> None:
    """Casts the decoder's frozen linear weights once, as autocast would at each use; what trains stays in fp32.

    Those that are multiplied together are laid one behind the other in memory, with a view of the whole beside them.
    """
    import torch

    for module in base_of(model).decoder.modules():
        if isinstance(module, torch.nn.Linear) and not module.weight.requires_grad:
            module.weight.data = module.weight.data.to(dtype)
    for layer in base_of(model).decoder.model.decoder.layers:
        own = layer.self_attn
        parts = [getattr(part, "base_layer", part) for part in (own.q_proj, own.k_proj, own.v_proj)]
        if any(part.weight.requires_grad for part in parts):
            continue
        stacked = torch.cat([part.weight.data for part in parts])
        for part, weight in zip(parts, stacked.chunk(len(parts))):
            part.weight.data = weight
        setattr(own, STACKED, stacked)


def codebook_loss(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy of each codebook, summed over its valid positions, in nats: (sums (K,), counts (K,)).

    Neither padding (-100) nor the delay's pad id counts. The model's own loss is mean(sums / counts).
    """
    import torch.nn.functional as F

    size = logits.shape[-1]
    targets = labels.masked_fill(labels == size, IGNORED)
    rows = logits.transpose(1, 2).reshape(-1, size)  # as decoder_logits() lays them out, so nothing is copied
    losses = F.cross_entropy(rows.float(), targets.reshape(-1), ignore_index=IGNORED, reduction="none")
    return losses.view(targets.shape).sum((0, 1)), (targets != IGNORED).sum((0, 1))
