"""Training in several processes at once, one for each GPU, as `accelerate launch` starts them.

Every process draws its own samples; their gradients are averaged, so all hold the same weights after each step. Only
training code imports this module; it needs the extra `train`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import torch
import torch.distributed as dist
from accelerate import PartialState
from torch import Tensor, nn

# The others wait in an exchange while the main process validates.
PATIENCE = timedelta(hours=1)


class Processes:
    """The processes of this training. Without a launcher there is one, and every exchange does nothing.

    Each exchange must be made by all processes, in the same order.

    Attributes:
        device: what this process computes on.
        index, count: which process this is, and of how many.
    """

    def __init__(self) -> None:
        self._state = PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)
        self.device: torch.device = self._state.device
        self.index: int = self._state.process_index
        self.count: int = self._state.num_processes

    @property
    def is_main(self) -> bool:
        """Whether this process validates, writes and logs."""
        return self.index == 0

    def share_weights(self, *modules: nn.Module) -> None:
        """Give all processes the weights of the main one."""
        if self.count > 1:
            for module in modules:
                for value in module.state_dict().values():
                    # Not every backend takes tensors whose channels come last.
                    copy = value.contiguous()
                    dist.broadcast(copy, src=0)
                    value.copy_(copy)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace the gradients of `parameters` by their means over the processes; one that is missing counts as 0."""
        if self.count == 1:
            return
        gradients = []
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        # In one piece, as each exchange has its own delay.
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def sums(self, values: Sequence[float]) -> list[float]:
        """Sums of `values` over the processes."""
        return self._reduced(values, dist.ReduceOp.SUM)

    def largest(self, values: Sequence[float]) -> list[float]:
        """The largest of each of `values` among the processes."""
        return self._reduced(values, dist.ReduceOp.MAX)

    def close(self) -> None:
        """Wait for the others, and leave."""
        if self.count > 1:
            self._state.wait_for_everyone()
            self._state.destroy_process_group()

    def _reduced(self, values: Sequence[float], operation: dist.ReduceOp) -> list[float]:
        if self.count == 1:
            return list(values)
        tensor: Tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor, operation)
        return [float(value) for value in tensor.tolist()]
