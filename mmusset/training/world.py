"""The processes that train together, one or as many as `torchrun` started, and their devices."""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from mmusset.errors import UsageError

# The others wait at a barrier while the main process fits the codec or writes a large file.
TIMEOUT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class World:
    """This process's rank among `size` processes, and the device that it computes on."""

    rank: int
    size: int
    device: str

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that writes files and speaks to the user."""
        return self.rank == 0

    @property
    def cuda(self) -> bool:
        return self.device.startswith("cuda")

    def check_batch(self, batch: int) -> None:
        """Raises UsageError where a batch can't be cut into equal shares."""
        if batch % self.size:
            raise UsageError(f"train.batch {batch} can't be shared by {self.size} processes")

    def share(self) -> slice:
        """This rank's rows of a batch."""
        return slice(self.rank, None, self.size)

    def barrier(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            distributed.barrier()

    def all_reduce(self, value: Tensor) -> Tensor:
        """The sum of a tensor over all processes, in place."""
        if self.size > 1:
            distributed.all_reduce(value)
        return value

    def distribute(self, model: nn.Module) -> nn.Module:
        """The model, or under several processes DDP around it: gradients become their means.

        Buffers are not broadcast at each step: ours never change while a model trains.
        """
        if self.size == 1:
            return model
        ids = [torch.device(self.device)] if self.cuda else None
        return DistributedDataParallel(
            model, device_ids=ids, broadcast_buffers=False, gradient_as_bucket_view=True
        )

    def autocast(self, bf16: bool) -> torch.autocast:
        """Where bf16 is asked for, a context in which matrices are multiplied in bfloat16."""
        return torch.autocast(self.device.partition(":")[0], torch.bfloat16, bf16)

    def leave(self) -> None:
        """Leave the process group: nothing more is done together."""
        if self.size > 1:
            distributed.destroy_process_group()


def no_sync(model: nn.Module) -> AbstractContextManager[None]:
    """A context in which DDP only accumulates gradients, to exchange them once a step."""
    if isinstance(model, DistributedDataParallel):
        return model.no_sync()
    return nullcontext()


def is_main_process() -> bool:
    """Whether this is the first of the processes that were started, or the only one."""
    return int(os.environ.get("RANK", 0)) == 0


def join(device: str = "auto") -> World:
    """Join the process group that torchrun's environment describes; alone without one.

    Raises UsageError where there is no such device.
    """
    rank, size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    local_rank = int(os.environ.get("LOCAL_RANK", 0)) if size > 1 else 0
    device = pick_device(device, local_rank)
    if size > 1:
        distributed.init_process_group("nccl" if device != "cpu" else "gloo", timeout=TIMEOUT)
    return World(rank, size, device)


def pick_device(name: str, local_rank: int = 0) -> str:
    """`cpu` or `cuda:N` for auto, cpu, cuda or cuda:N; plain `cuda` is that of the local rank.

    Raises UsageError where there is none of that name.
    """
    count = torch.cuda.device_count()
    if name == "auto":
        name = "cuda" if count else "cpu"
    if name == "cpu":
        return name
    kind, _, number = name.partition(":")
    if kind != "cuda" or not (number or "0").isdecimal():
        raise UsageError(f"--device is auto, cpu, cuda or cuda:N, not {name}")
    index = int(number or local_rank)
    if index >= count:
        raise UsageError(
            f"there are {count} CUDA devices, and cuda:{index} is not among them: leave --device"
            " out, or say --device cpu"
        )
    torch.cuda.set_device(index)
    return f"cuda:{index}"
