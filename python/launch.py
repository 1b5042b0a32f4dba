"""One process or several: `torchrun` and `accelerate launch` say how many; Accelerate sets them up."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta

import torch


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

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Sums `tensor` over all processes, in place."""
        if self.count > 1:
            torch.distributed.all_reduce(tensor)
        return tensor

    def share(self, tensors: Sequence[torch.Tensor]) -> None:
        """Gives every process the first one's tensors, in place."""
        if self.count > 1:
            for tensor in tensors:
                torch.distributed.broadcast(tensor.data, 0)

    def average(self, tensors: Sequence[torch.Tensor]) -> None:
        """Puts the mean over all processes into each tensor, in one message: a CUDA graph has no room for many."""
        if self.count == 1 or not tensors:
            return
        flat = self.sum(torch.cat([tensor.flatten() for tensor in tensors])).div_(self.count)
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors])):
            tensor.copy_(part.view_as(tensor))

    def any(self, vote: bool) -> bool:
        """True where at least one process votes so; all get the same answer."""
        if self.count == 1:
            return vote
        ballot = torch.tensor(int(vote))
        torch.distributed.all_reduce(ballot, op=torch.distributed.ReduceOp.MAX, group=self.votes)
        return bool(ballot)

    def least(self, numbers: Sequence[int]) -> list[int]:
        """Of each number the smallest that any process has; all get the same."""
        if self.count == 1:
            return list(numbers)
        shared = torch.tensor(numbers)
        torch.distributed.all_reduce(shared, op=torch.distributed.ReduceOp.MIN, group=self.votes)
        return shared.tolist()

    def wait(self) -> None:
        """Until every process is here."""
        if self.count > 1:
            torch.distributed.barrier(group=self.votes)

    def end(self) -> None:
        if self.count > 1:
            torch.distributed.destroy_process_group()
