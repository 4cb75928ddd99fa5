"""The memory planner: what a training step needs, counted without computing it, and what is there.

A whole step is simulated with tensors that have a shape and no memory (FakeTensorMode); the
bytes of every storage are counted while it lives. Not counted are the GPU's context, cuBLAS's
workspaces and fragmentation, for which ALLOWANCE stands.
"""

import os
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

GIB = 2**30
ALLOWANCE = 1.0  # GiB; a CUDA context takes 0.3 to 0.6, cuBLAS and cuDNN up to 0.3
# The memory limit of a container, of cgroups version 2 and 1.
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
ADAMW_MOMENTS = 8  # bytes for each trained weight: two moments in float32
# A deep model is known from so many layers and one more: each further one adds what that one did,
# where a step needs the most amid its layers (in a tiny one it may not, which is off by a MiB).
# Not from fewer: where layers are computed twice, the second adds more than each after it.
FEW_LAYERS = 2


@dataclass(frozen=True, slots=True)
class Memory:
    """GiB in one process, at the moment of a step that needs most; `trained` counts weights.

    `frozen` are the base's weights under an adapter, `weights` those that are trained, `average`
    is their moving average. `activations` includes logits and whatever else lives for a while.
    """

    trained: int
    frozen: float
    weights: float
    average: float
    gradients: float
    optimizer: float
    activations: float

    @property
    def peak(self) -> float:
        """The sum of all, GiB."""
        kept = self.frozen + self.weights + self.average
        return kept + self.gradients + self.optimizer + self.activations

    def fits(self, available: float) -> bool:
        """Whether it fits into so many GiB, with ALLOWANCE beside it."""
        return self.peak + ALLOWANCE <= available

    def extended(self, one_more: "Memory", layers: int) -> "Memory":
        """With so many layers more, where `one_more` is with one more: each adds the same."""
        pairs = zip(astuple(self), astuple(one_more), strict=True)
        return Memory(*(this + layers * (that - this) for this, that in pairs))

    def text(self) -> str:
        """For people: `9.1 GiB = 1.2 GiB weights + ...`, without the parts that are 0."""
        parts = {
            "frozen weights": self.frozen,
            "trained weights": self.weights,
            "average": self.average,
            "gradients": self.gradients,
            "optimizer": self.optimizer,
            "activations": self.activations,
        }
        terms = (f"{gib_text(size)} {name}" for name, size in parts.items() if size)
        return f"{gib_text(self.peak)} = {' + '.join(terms)}"


def memory_of_step(
    trained: Iterable[Tensor],
    frozen_bytes: float,
    loss: Callable[[], Tensor],
    averaged: bool = False,
    extra_bytes: float = 0.0,
) -> Memory:
    """The memory of a step of AdamW that computes `loss` and its gradients.

    To be called within FakeTensorMode, the tensors being fake ones of a CPU, whose attention
    keeps what a GPU's does. `averaged` adds a float32 moving average of the trained weights,
    `extra_bytes` what the real step has at its peak and the simulated one hasn't.
    """
    weights = list(trained)
    count, size = sum(w.numel() for w in weights), sum(map(_bytes, weights))
    for weight in weights:
        # There before, so that what is counted below comes on top of them.
        weight.grad = torch.zeros_like(weight)
    live = LiveBytes()
    with live:
        value = loss()
        value.backward()
    return Memory(
        trained=count,
        frozen=frozen_bytes / GIB,
        weights=size / GIB,
        average=4 * count / GIB if averaged else 0.0,
        gradients=size / GIB,
        optimizer=ADAMW_MOMENTS * count / GIB,
        activations=(live.most + extra_bytes) / GIB,
    )


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of storages made within it, as long as they live; `most` at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.most = 0, 0
        self._seen = weakref.WeakSet[Any]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        inputs = {id(storage) for storage in _storages((args, kwargs))}  # views and in-place
        for storage in _storages(result):
            if storage not in self._seen and id(storage) not in inputs:
                self._seen.add(storage)
                size = storage.nbytes()
                self.now += size
                self.most = max(self.most, self.now)
                weakref.finalize(storage, self._freed, size)
        return result

    def _freed(self, size: int) -> None:
        self.now -= size


def available_gib(device: str) -> float:
    """GiB where a model would live: of the GPU, or what this machine or container has for each
    of its processes."""
    if device.startswith("cuda"):
        return float(torch.cuda.get_device_properties(device).total_memory) / GIB
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in map(Path, LIMITS):
        if limit.exists() and (text := limit.read_text().strip()).isdigit():
            sizes.append(int(text))
    return min(sizes) / GIB / int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def gib_text(gib: float) -> str:
    """`1.25 GiB` or `312 MiB`"""
    return f"{gib:.2f} GiB" if gib >= 1 else f"{1024 * gib:.3g} MiB"


def _storages(tree: Any) -> Iterator[Any]:
    from torch.utils._pytree import tree_leaves

    for leaf in tree_leaves(tree):
        if isinstance(leaf, Tensor):
            yield leaf.untyped_storage()


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
