"""EnCodec's decoder in two parts: what runs at 50 Hz over many clips, and what runs at 32 kHz over few.

Its LSTM goes through a clip step by step, which takes as long for one clip as for fifty; the layers after it make
tensors 640 times as long, of which memory holds those of few clips. They are run here with the model's own modules,
less what costs time at that length: asking the GPU for the width of a padding, and padding by nothing.

Shapes: R clips, K codebooks, T frames, C channels, N samples.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F


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
    x = features.clone()
    for layer in codec.decoder.layers[_slow_layers(codec) :]:
        x = _fast(layer, x)
    return x[:, 0]


def _fast(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """(R, C, N) → what `layer` makes of it; x may be overwritten."""
    if isinstance(layer, torch.nn.ELU):
        return F.elu_(x, layer.alpha)
    if hasattr(layer, "block"):
        own = x.clone()  # the first of the block would overwrite it
        for part in layer.block:
            own = _fast(part, own)
        return own.add_(_fast(layer.shortcut, x))
    if isinstance(getattr(layer, "conv", None), torch.nn.Conv1d) and layer.norm_type == "weight_norm":
        return _convolve(layer, x)
    return layer(x)


def _convolve(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """Its convolution over as many samples as come in. Stride 1, as all in the decoder."""
    total = layer.conv.dilation[0] * (layer.conv.kernel_size[0] - 1)
    if total == 0:
        return layer.conv(x)
    right = 0 if layer.causal else total // 2
    return layer.conv(F.pad(x, (total - right, right), layer.pad_mode))


def _slow_layers(codec: Any) -> int:
    """How many layers there are up to and with the LSTM."""
    lstms = [i for i, layer in enumerate(codec.decoder.layers) if hasattr(layer, "lstm")]
    return lstms[-1] + 1 if lstms else 1
