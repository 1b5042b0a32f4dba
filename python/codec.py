"""EnCodec's decoder in two parts: what runs at 50 Hz over many clips, and what runs at 32 kHz over few.

Its LSTM goes through a clip step by step, which takes as long for one clip as for fifty; the layers after it make
tensors 640 times as long, of which memory holds those of few clips. They are run here with the model's own modules,
less what costs time at that length: asking the GPU for the width of a padding, padding by nothing, and a pass through
memory for each activation.

Shapes: R clips, K codebooks, T frames, C channels, N samples.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F

from decode import fastest_ops


def decode_audio(model: Any, codes: torch.Tensor) -> torch.Tensor:
    """Samples (R, 640 T) at 32 kHz of codes (R, K, T)."""
    return samples_of(model, features_of(model, codes))


@torch.inference_mode()
def features_of(model: Any, codes: torch.Tensor) -> torch.Tensor:
    """Features (R, any, T) of codes (R, K, T): codebooks, first convolution, LSTM."""
    codec = model.audio_encoder
    features = codec.quantizer.decode(codes.transpose(0, 1))
    for layer in codec.decoder.layers[: _slow_layers(codec)]:
        features = layer(features)
    return features


@torch.inference_mode()
def samples_of(model: Any, features: torch.Tensor) -> torch.Tensor:
    """Samples (R, 640 T) of features_of()."""
    codec = model.audio_encoder
    ops = fastest_ops(features.device)
    return _chain(codec.decoder.layers[_slow_layers(codec) :], features, ops, ours=False)[:, 0]


def _chain(layers: Iterable[Any], x: torch.Tensor, ops: ModuleType, ours: bool = True) -> torch.Tensor:
    """(R, C, N) → what `layers` make of it one after the other; x may be overwritten where it is `ours`.

    An ELU waits for the layer after it, which may have to copy its input for a padding anyway.
    """
    alpha = None
    for layer in layers:
        if isinstance(layer, torch.nn.ELU):
            alpha = layer.alpha
            continue
        padding = _padding(layer)
        if padding is not None and any(padding):
            x = ops.elu_pad(x, alpha, padding, layer.pad_mode)
        elif alpha is not None:
            x = F.elu(x, alpha, inplace=ours)
        if padding is not None:
            x = layer.conv(x)
        elif hasattr(layer, "block"):
            x = _chain(layer.block, x, ops, ours=False).add_(_chain([layer.shortcut], x, ops, ours=False))
        else:
            x = layer(x)
        alpha, ours = None, True
    return x if alpha is None else F.elu(x, alpha)


def _padding(layer: Any) -> tuple[int, int] | None:
    """Samples before and after that its convolution needs so as to give as many as come in; None for another layer.

    Stride 1, as all convolutions in the decoder have.
    """
    if not isinstance(getattr(layer, "conv", None), torch.nn.Conv1d) or layer.norm_type != "weight_norm":
        return None
    total = layer.conv.dilation[0] * (layer.conv.kernel_size[0] - 1)
    right = 0 if layer.causal else total // 2
    return total - right, right


def _slow_layers(codec: Any) -> int:
    """How many layers there are up to and with the LSTM."""
    lstms = [i for i, layer in enumerate(codec.decoder.layers) if hasattr(layer, "lstm")]
    return lstms[-1] + 1 if lstms else 1
