"""EnCodec's decoder in two parts: what runs at 50 Hz over many clips, and what runs at 32 kHz over few.

Its LSTM goes through a clip step by step, which takes as long for one clip as for fifty; the layers after it make
tensors 640 times as long, of which memory holds those of few clips.

Shapes: R clips, K codebooks, T frames.
"""

from __future__ import annotations

from typing import Any

import torch


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
    for layer in codec.decoder.layers[_slow_layers(codec) :]:
        features = layer(features)
    return features[:, 0]


def _slow_layers(codec: Any) -> int:
    """How many layers there are up to and with the LSTM."""
    lstms = [i for i, layer in enumerate(codec.decoder.layers) if hasattr(layer, "lstm")]
    return lstms[-1] + 1 if lstms else 1
