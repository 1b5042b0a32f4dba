"""One optimizer step: micro-batches, precision, gradients, and several processes; the same sums whatever the split."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from dataset import Batch, Item, fixed_items, make_batch, to_device, valid_positions
from forward import codebook_loss, decoder_layer, decoder_logits
from musicgen import base_of, trainable

if TYPE_CHECKING:
    from cache import Clip
    from launch import Processes

VALID_BATCH = 8


class StepLoss(nn.Module):
    """Labels, states, mask and weights (K,) → the weighted sum of all losses, and each codebook's plain sum."""

    def __init__(self, model: nn.Module, compiled: bool = False) -> None:
        super().__init__()
        self.model = model
        self.layer = torch.compile(decoder_layer, dynamic=False) if compiled else decoder_layer
        self.loss = torch.compile(codebook_loss, dynamic=False) if compiled else codebook_loss

    def forward(
        self, labels: torch.Tensor, states: torch.Tensor, mask: torch.Tensor, weights: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        sums, _ = self.loss(decoder_logits(self.model, labels, states, mask, self.layer), labels)
        return (sums * weights).sum(), sums.detach()


class Engine:
    """Runs steps on one device of possibly several.

    A step's loss is the mean over codebooks of the mean over all valid positions of all its clips, whichever
    micro-batch or process they are in: each micro-batch is weighted with the counts of the whole step, which every
    process knows from the lengths alone. So accumulation needs no division afterwards.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        processes: Processes,
        *,
        precision: str,
        frames: int,
        tokens: int,
        micro: int,
        accumulation: int,
        max_grad_norm: float,
        seed: int,
        compiled: bool = False,
    ) -> None:
        self.model, self.optimizer, self.processes = model, optimizer, processes
        self.device: torch.device = base_of(model).device
        self.frames, self.tokens = frames, tokens
        self.micro, self.chunks = micro, accumulation
        self.max_grad_norm, self.seed = max_grad_norm, seed
        config = base_of(model).decoder.config
        self.codebooks, self.pad = config.num_codebooks, config.vocab_size
        self.dtype = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=precision == "fp16")
        self.parameters = list(trainable(model))
        self.loss = StepLoss(model, compiled)
        self.valid_loss = StepLoss(model)
        self.graph: MicroStepGraph | None = None
        self.use_graph = self.device.type == "cuda"
        processes.share(self.parameters)

    def step(self, number: int, items: Sequence[Item], lr: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Trains on one step's items (those of all processes).

        Returns this process's loss sums (K,), the gradient's norm before clipping, and 1.0 where the norm was not
        finite and nothing was changed, else 0.0: all on the device, so that nothing waits for it.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        counts = valid_positions(items, self.frames, self.codebooks)
        scale = self.processes.count / self.codebooks  # gradients become the mean of the processes
        weights = to_device(torch.tensor([scale / max(1, count) for count in counts]), self.device)
        if not self.model.training:
            self.model.train()
        run = self._graphed if self.use_graph else self._eager
        sums = run(number, items, weights)
        self.processes.average([p.grad for p in self.parameters if p.grad is not None])
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(self.parameters, self.max_grad_norm or float("inf"))
        return sums, norm, self._update(norm)

    def validate(self, clips: Sequence[Clip]) -> list[float]:
        """Mean loss of each codebook over the clips, from their start, with their text."""
        items = fixed_items(clips)
        counts = valid_positions(items, self.frames, self.codebooks)
        own = items[self.processes.rank :: self.processes.count]
        sums = torch.zeros(self.codebooks, device=self.device)
        weights = torch.zeros(self.codebooks, device=self.device)
        self.model.eval()
        with torch.no_grad(), self._autocast():
            for start in range(0, len(own), VALID_BATCH):
                batch = self._batch(own[start : start + VALID_BATCH])
                sums += self.valid_loss(batch.labels, batch.states, batch.mask, weights)[1]
        self.processes.sum(sums)
        return [float(s) / max(1, c) for s, c in zip(sums.tolist(), counts)]

    def halve(self) -> bool:
        """After an out-of-memory: half the micro-batch, twice as many of them. False when it cannot get smaller."""
        self.graph = None
        self.optimizer.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
        if self.micro == 1 or self.processes.count > 1:
            return False
        self.chunks *= 2
        self.micro = -(-self.micro // 2)
        return True

    def _eager(self, number: int, items: Sequence[Item], weights: torch.Tensor) -> torch.Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros(self.codebooks, device=self.device)
        for seed, chunk in self._chunks(items):
            self._seed(number, seed)
            batch = self._batch(chunk or items[:1])
            own = weights if chunk else torch.zeros_like(weights)
            with self._autocast():
                loss, sums = self.loss(batch.labels, batch.states, batch.mask, own)
                self.scaler.scale(loss).backward()
            if chunk:
                total += sums
        return total

    def _graphed(self, number: int, items: Sequence[Item], weights: torch.Tensor) -> torch.Tensor:
        if self.graph is None:
            self.graph = MicroStepGraph(self, self._batch(items[: self.micro], self.micro), weights)
        if self.graph.adds:
            torch._foreach_zero_([p.grad for p in self.parameters])
        total = torch.zeros(self.codebooks, device=self.device)
        for seed, chunk in self._chunks(items):
            self._seed(number, seed)
            batch = make_batch(chunk or items[:1], self.frames, self.tokens, self.pad, self.micro)
            sums = self.graph(batch, weights if chunk else torch.zeros_like(weights))
            if chunk:
                total += sums
        return total

    def _update(self, norm: torch.Tensor) -> torch.Tensor:
        """The optimizer's step, unless the gradient is not finite: then neither weights nor moments change."""
        bad = (~torch.isfinite(norm)).float()
        if self.scaler.is_enabled():
            self.scaler.step(self.optimizer)
            self.scaler.update()
        elif self.device.type == "cuda":
            self.optimizer.found_inf = bad  # the fused optimizer looks at it on the device
            self.optimizer.step()
        elif not bad:
            self.optimizer.step()
        return bad

    def _chunks(self, items: Sequence[Item]) -> list[tuple[int, Sequence[Item]]]:
        """This process's micro-batches, each with its place among those of all processes.

        Empty ones are left out, but a process that has nothing takes part with one clip that weighs nothing.
        """
        first = self.processes.rank * self.chunks
        places = range(first, first + self.chunks)
        chunks = [(place, items[place * self.micro : (place + 1) * self.micro]) for place in places]
        if self.processes.count == 1:
            return [(place, chunk) for place, chunk in chunks if chunk]
        return chunks

    def _batch(self, items: Sequence[Item], rows: int = 0) -> Batch:
        return make_batch(items, self.frames, self.tokens, self.pad, rows).to(self.device)

    def _autocast(self) -> Any:
        if self.dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.dtype, cache_enabled=not self.use_graph)

    def _seed(self, step: int, place: int) -> None:
        """Dropout depends on (seed, step, place of the micro-batch) alone, so a resume or a spread run has the same."""
        torch.manual_seed((self.seed * 1_000_003 + step) * 1_009 + place)


class MicroStepGraph:
    """Forward and backward of one micro-batch as a CUDA graph: one launch for thousands.

    `adds`: a replay adds to the gradients; where a step is one micro-batch, it writes them.
    """

    def __init__(self, engine: Engine, batch: Batch, weights: torch.Tensor) -> None:
        self.batch, self.weights = batch, weights.clone()
        self.adds = engine.chunks > 1

        def micro_step() -> torch.Tensor:
            with engine._autocast():
                loss, sums = engine.loss(batch.labels, batch.states, batch.mask, self.weights)
            engine.scaler.scale(loss).backward()
            return sums

        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                micro_step()
        torch.cuda.current_stream().wait_stream(stream)
        for parameter in engine.parameters:
            parameter.grad = torch.zeros_like(parameter) if self.adds else None
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.sums = micro_step()

    def __call__(self, batch: Batch, weights: torch.Tensor) -> torch.Tensor:
        self.weights.copy_(weights)
        for name in ("labels", "states", "mask"):
            getattr(self.batch, name).copy_(getattr(batch, name).pin_memory(), non_blocking=True)
        self.graph.replay()
        return self.sums
