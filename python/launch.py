"""One process or several: `torchrun` and `accelerate launch` say how many; Accelerate sets them up."""

from __future__ import annotations

import contextlib
import os
from datetime import timedelta
from typing import Any

import torch
from torch import nn


class Processes:
    """This process among all: `rank` of `count`, with its device."""

    def __init__(self, device: str = "auto") -> None:
        self.rank, self.count = 0, 1
        cpu = device == "cpu" or not torch.cuda.is_available()
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            from accelerate import PartialState

            # One process may prepare a large data set while the others wait.
            state = PartialState(cpu=cpu, timeout=timedelta(days=1))
            self.rank, self.count, self.device = state.process_index, state.num_processes, state.device
        else:
            self.device = torch.device("cpu" if cpu else "cuda")
        self.votes = torch.distributed.new_group(backend="gloo") if self.count > 1 else None

    @property
    def first(self) -> bool:
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """Averages gradients over the processes as they are computed."""
        if self.count == 1:
            return module
        devices = [self.device] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(module, device_ids=devices)

    def no_sync(self, module: nn.Module) -> Any:
        """While gradients only add up, nothing is sent."""
        return module.no_sync() if self.count > 1 else contextlib.nullcontext()

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Sums `tensor` over all processes, in place."""
        if self.count > 1:
            torch.distributed.all_reduce(tensor)
        return tensor

    def any(self, vote: bool) -> bool:
        """True where at least one process votes so; all get the same answer."""
        if self.count == 1:
            return vote
        ballot = torch.tensor(int(vote))
        torch.distributed.all_reduce(ballot, op=torch.distributed.ReduceOp.MAX, group=self.votes)
        return bool(ballot)

    def wait(self) -> None:
        """Until every process is here."""
        if self.count > 1:
            torch.distributed.barrier(group=self.votes)

    def end(self) -> None:
        if self.count > 1:
            torch.distributed.destroy_process_group()
