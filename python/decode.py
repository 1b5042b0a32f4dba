"""The decode loop of evaluation: several fine-tunings of one MusicGen side by side, all prompts in one batch.

What `generate` of transformers does, in the order of what costs: weights of all models stacked and fused, guided and
unguided rows in one batch, keys and values in place, text keys once and only for the rows that hear the text, and on a
GPU one CUDA graph of the whole step (network, sampling, delay, position) that is replayed without looking at it.

Shapes: G models, B prompts, N = 2B rows (first half with the prompt, second half without), D width, H heads of E,
K codebooks of V codes, T frames, S = T + K - 1 steps, L text tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from transformers.activations import ACT2FN

import torch_ops
from errors import HumanError
from sampling import Sampling

State = Mapping[str, torch.Tensor]


class Stopped(Exception):
    """Generation was asked to stop and did."""


@dataclass
class Clock:
    """The step, for code that runs now and for a graph that runs later."""

    device: torch.device
    step: int = 0
    now: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.now = torch.zeros(1, dtype=torch.int32, device=self.device)

    def reset(self) -> None:
        self.step = 0
        self.now.zero_()

    def tick(self) -> None:
        self.step += 1
        self.now += 1


@dataclass(frozen=True)
class Draw:
    """How tokens are drawn: keys (G*B,) of the noise, and what of the delay pattern depends on the length."""

    keys: torch.Tensor
    frames: int
    guidance: float
    top_k: int
    temperature: float
    pad: int


@dataclass(frozen=True)
class LayerWeights:
    """Each with G first; matrices are (G, out, in)."""

    norm1: tuple[torch.Tensor, torch.Tensor]
    qkv: torch.Tensor
    out: torch.Tensor
    norm2: tuple[torch.Tensor, torch.Tensor]
    cross_q: torch.Tensor
    cross_kv: torch.Tensor
    cross_out: torch.Tensor
    norm3: tuple[torch.Tensor, torch.Tensor]
    fc1: torch.Tensor
    fc2: torch.Tensor


class Weights:
    """Decoder weights of G models of one shape, stacked."""

    def __init__(self, config: Any, states: Sequence[State], device: torch.device, dtype: torch.dtype) -> None:
        """`config` is the decoder's; each state has the names of MusicgenForConditionalGeneration."""
        if config.audio_channels != 1:
            raise HumanError(
                "This is a stereo MusicGen; only mono ones can be evaluated.", "model-wrong-type", says="model-stereo"
            )
        self.config, self.device, self.dtype, self.models = config, device, dtype, len(states)

        def stack(*names: str) -> torch.Tensor:
            rows = [torch.cat([state[name].detach().to(device, dtype) for name in names]) for state in states]
            return torch.stack(rows)

        def norm(name: str) -> tuple[torch.Tensor, torch.Tensor]:
            return stack(f"{name}.weight"), stack(f"{name}.bias")

        inner = "decoder.model.decoder."
        codebooks = range(config.num_codebooks)
        tables = stack(*(f"{inner}embed_tokens.{k}.weight" for k in codebooks))
        self.embeddings = tables.unflatten(1, (len(codebooks), -1))
        self.layers = [self._layer(f"{inner}layers.{i}.", stack, norm) for i in range(config.num_hidden_layers)]
        self.norm = norm(f"{inner}layer_norm")
        self.heads = stack(*(f"decoder.lm_heads.{k}.weight" for k in codebooks))
        self.projection = None
        if "enc_to_dec_proj.weight" in states[0]:
            self.projection = stack("enc_to_dec_proj.weight"), stack("enc_to_dec_proj.bias")

    @staticmethod
    def _layer(
        name: str,
        stack: Callable[..., torch.Tensor],
        norm: Callable[[str], tuple[torch.Tensor, torch.Tensor]],
    ) -> LayerWeights:
        own, cross = f"{name}self_attn.", f"{name}encoder_attn."
        return LayerWeights(
            norm1=norm(f"{name}self_attn_layer_norm"),
            qkv=stack(f"{own}q_proj.weight", f"{own}k_proj.weight", f"{own}v_proj.weight"),
            out=stack(f"{own}out_proj.weight"),
            norm2=norm(f"{name}encoder_attn_layer_norm"),
            cross_q=stack(f"{cross}q_proj.weight"),
            cross_kv=stack(f"{cross}k_proj.weight", f"{cross}v_proj.weight"),
            cross_out=stack(f"{cross}out_proj.weight"),
            norm3=norm(f"{name}final_layer_norm"),
            fc1=stack(f"{name}fc1.weight"),
            fc2=stack(f"{name}fc2.weight"),
        )

    def bytes_a_step(self) -> int:
        """What each step must read of them: all but embeddings and the text's keys and values."""
        read = [self.heads]
        for layer in self.layers:
            read += [layer.qkv, layer.out, layer.cross_q, layer.cross_out, layer.fc1, layer.fc2]
        return sum(tensor.numel() * tensor.element_size() for tensor in read)


class Decoder:
    """Buffers and (on a GPU) the graph for batches of one size. Raises torch.OutOfMemoryError when they do not fit."""

    def __init__(self, weights: Weights, prompts: int, text_tokens: int, sampling: Sampling) -> None:
        config, device, dtype = weights.config, weights.device, weights.dtype
        self.weights, self.sampling, self.prompts = weights, sampling, prompts
        self.ops = fastest_ops(device)
        self.activation = ACT2FN[config.activation_function]
        self.frames = sampling.frames
        self.steps = self.frames + config.num_codebooks - 1
        groups, heads = weights.models, config.num_attention_heads
        size, clips = config.hidden_size // heads, groups * prompts
        self.keys, self.values = (
            [torch.zeros(2 * clips, heads, self.steps, size, dtype=dtype, device=device) for _ in weights.layers]
            for _ in range(2)
        )
        self.text_keys, self.text_values = (
            [torch.zeros(clips, heads, text_tokens, size, dtype=dtype, device=device) for _ in weights.layers]
            for _ in range(2)
        )
        self.text_lengths = torch.ones(clips, dtype=torch.int32, device=device)
        self.text_tokens = text_tokens
        self.x = torch.zeros(groups, 2 * prompts, config.hidden_size, dtype=dtype, device=device)
        self.tokens = torch.zeros(groups, prompts, config.num_codebooks, dtype=torch.int64, device=device)
        self.codes = torch.zeros(clips, config.num_codebooks, self.steps, dtype=torch.int64, device=device)
        self.draw = Draw(
            keys=torch.zeros(clips, dtype=torch.int64, device=device),
            frames=self.frames,
            guidance=sampling.guidance,
            top_k=min(sampling.top_k, config.vocab_size),
            temperature=sampling.temperature,
            pad=config.vocab_size,
        )
        self.positions = positions(self.steps, config.hidden_size).to(device, dtype)
        self.clock = Clock(device)
        self.graph: torch.cuda.CUDAGraph | None = None

    @torch.inference_mode()
    def generate(
        self, texts: Sequence[torch.Tensor], keys: Sequence[int], stop: Callable[[], bool] = lambda: False
    ) -> torch.Tensor:
        """Codes (G, B, K, T) for T5 states (l, W) of each prompt and the keys of its noise, equal for all models.

        Raises Stopped when `stop` says so between two steps (a graph that was started runs to its end).
        """
        self._reset(texts, keys)
        if self.graph is None and self.ops is not torch_ops:
            self._capture()
        for _ in range(self.steps):
            if stop():
                raise Stopped
            if self.graph is not None:
                self.graph.replay()
            else:
                self.step()
        groups, frames = self.weights.models, self.frames
        rows = [self.codes[:, k, k : k + frames] for k in range(self.codes.shape[1])]
        return torch.stack(rows, 1).view(groups, self.prompts, -1, frames)

    def step(self) -> torch.Tensor:
        """One token of each codebook for every clip; returns the logits (G, N, K*V), which the draw has used."""
        ops, weights, clock, x = self.ops, self.weights, self.clock, self.x
        rows, guided = 2 * self.prompts, self.prompts
        ops.embed(x, self.tokens, weights.embeddings, self.positions, clock)
        delta: torch.Tensor | None = None
        for i, layer in enumerate(weights.layers):
            qkv = matmul(ops.add_norm(x, delta, *layer.norm1, rows), layer.qkv)
            delta = matmul(ops.self_attention(qkv, self.keys[i], self.values[i], clock), layer.out)
            query = matmul(ops.add_norm(x, delta, *layer.norm2, guided), layer.cross_q)
            mixed = ops.cross_attention(query, self.text_keys[i], self.text_values[i], self.text_lengths)
            # Without text all keys and values are zero, and so is what attention to them gives.
            delta = matmul(mixed, layer.cross_out)
            hidden = matmul(ops.add_norm(x, delta, *layer.norm3, rows), layer.fc1)
            delta = matmul(self.activation(hidden), layer.fc2)
        logits = matmul(ops.add_norm(x, delta, *weights.norm, rows), weights.heads)
        ops.draw(logits, self.tokens, self.codes, self.draw, clock)
        clock.tick()
        return logits

    def _reset(self, texts: Sequence[torch.Tensor], keys: Sequence[int]) -> None:
        weights = self.weights
        if len(texts) != self.prompts or len(keys) != self.prompts:
            raise ValueError(f"{len(texts)} texts and {len(keys)} keys for {self.prompts} prompts")
        self.clock.reset()
        self.tokens.fill_(self.draw.pad)
        self.draw.keys.copy_(torch.tensor(list(keys) * weights.models))
        lengths = torch.tensor([len(text) for text in texts])
        self.text_lengths.copy_(lengths.repeat(weights.models))
        padded = torch.zeros(len(texts), self.text_tokens, texts[0].shape[-1])
        for row, text in zip(padded, texts):
            row[: len(text)] = text
        states = padded.to(weights.device, weights.dtype).flatten(0, 1).expand(weights.models, -1, -1)
        if weights.projection is not None:
            weight, bias = weights.projection
            states = torch.baddbmm(bias[:, None], states, weight.transpose(1, 2))
        heard = torch.arange(self.text_tokens) < lengths[:, None]
        states = states * heard.flatten().to(states.device, states.dtype)[:, None]
        for layer, text_keys, text_values in zip(weights.layers, self.text_keys, self.text_values):
            clips, heads, tokens, size = text_keys.shape
            mixed = matmul(states, layer.cross_kv).view(clips, tokens, 2, heads, size)
            text_keys.copy_(mixed[:, :, 0].transpose(1, 2))
            text_values.copy_(mixed[:, :, 1].transpose(1, 2))

    def _capture(self) -> None:
        """Records one step as a graph. The step before it compiles kernels and fills the libraries' work spaces."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            self.step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # The codec's thread may take memory meanwhile, which is no part of this.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self.step()
        self.graph = graph
        self.tokens.fill_(self.draw.pad)
        self.clock.reset()


def fastest_ops(device: torch.device) -> ModuleType:
    """The kernels where they run: an NVIDIA GPU of the Volta generation or later with Triton installed."""
    if device.type != "cuda" or torch.version.hip or torch.cuda.get_device_capability(device) < (7, 0):
        return torch_ops
    try:
        import triton_ops
    except ImportError:
        return torch_ops
    return triton_ops


def matmul(rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """rows (G, any, in) by weight (G, out, in)."""
    return torch.bmm(rows, weight.transpose(1, 2))


def positions(count: int, width: int) -> torch.Tensor:
    """Sinusoidal positions (count, width) as MusicGen has them: cosines, then sines; for any length."""
    half = width // 2
    rates = torch.exp(torch.arange(half).float() * (-torch.log(torch.tensor(10000.0)) / (half - 1)))
    angles = torch.arange(count).float()[:, None] * rates
    return F.pad(torch.cat([angles.cos(), angles.sin()], 1), (0, width % 2))


def decoder_state(model: Any) -> dict[str, torch.Tensor]:
    """The part of a MusicgenForConditionalGeneration that Weights needs, by name."""
    wanted = ("decoder.", "enc_to_dec_proj.")
    return {name: value for name, value in model.named_parameters() if name.startswith(wanted)}
