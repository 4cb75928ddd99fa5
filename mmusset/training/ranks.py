"""The processes that train together: one, or as many as `torchrun` started."""

import os
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

from mmusset.errors import UsageError

# The others wait while the first fits the codec.
PATIENCE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which of `count` processes this is, and where it computes."""

    rank: int
    count: int
    device: str

    @property
    def first(self) -> bool:
        """Whether this one writes what all of them made."""
        return self.rank == 0

    @property
    def cuda(self) -> bool:
        return self.device.startswith("cuda")

    def check_batch(self, batch: int) -> None:
        """Raises UsageError where a batch can't be cut into equal shares."""
        if batch % self.count:
            raise UsageError(f"train.batch {batch} can't be shared by {self.count} processes")

    def share(self) -> slice:
        """This one's rows of a batch."""
        return slice(self.rank, None, self.count)

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            distributed.barrier()

    def summed(self, value: Tensor) -> Tensor:
        """The sum of a tensor over all processes, in place."""
        if self.count > 1:
            distributed.all_reduce(value)
        return value

    def leave(self) -> None:
        """No more is to be done together."""
        if self.count > 1:
            distributed.destroy_process_group()


def is_first() -> bool:
    """Whether this is the first of the processes that were started, or the only one."""
    return int(os.environ.get("RANK", 0)) == 0


def join(device: str = "auto") -> Ranks:
    """Find the others by the environment that torchrun sets.

    Raises UsageError where the device that was asked for is not there.
    """
    rank, count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    own = int(os.environ.get("LOCAL_RANK", 0)) if count > 1 else 0
    device = device_of(device, own)
    if count > 1:
        distributed.init_process_group("nccl" if device != "cpu" else "gloo", timeout=PATIENCE)
    return Ranks(rank, count, device)


def device_of(asked: str, own: int = 0) -> str:
    """`cpu` or `cuda:N` for auto, cpu, cuda or cuda:N; `own` is the one to take of several.

    Raises UsageError where there is none of that name.
    """
    there = torch.cuda.device_count()
    if asked == "auto":
        asked = "cuda" if there else "cpu"
    if asked == "cpu":
        return asked
    name, _, number = asked.partition(":")
    if name != "cuda" or not (number or "0").isdecimal():
        raise UsageError(f"--device is auto, cpu, cuda or cuda:N, not {asked}")
    wanted = int(number or own)
    if wanted >= there:
        raise UsageError(
            f"there are {there} CUDA devices, and cuda:{wanted} is not among them: leave --device"
            " out, or say --device cpu"
        )
    torch.cuda.set_device(wanted)
    return f"cuda:{wanted}"
