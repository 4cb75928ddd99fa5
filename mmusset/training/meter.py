"""What is measured between two lines of the log, summed on the device: no step waits for it."""

import resource
import time
from collections.abc import Sequence

import torch
from torch import Tensor

from .task import BadStep, MeterReading, Output
from .world import World

GIB = 2**30


class TrainingMeter:
    """Sums of named metrics since it was made."""

    def __init__(self, world: World, metrics: Sequence[str]) -> None:
        self._world, self._metrics = world, tuple(metrics)
        # The last place of each is the gradient's norm.
        self._sums = torch.zeros(len(metrics) + 1, device=world.device)
        self._weights = torch.zeros(len(metrics) + 1, device=world.device)
        self._steps: list[tuple[int, tuple[str, ...]]] = []
        self._bad: list[Tensor] = []
        self._units = 0
        self._begun_s = time.monotonic()
        self._waited_s = 0.0

    def waited(self, seconds: float) -> None:
        """The next step had to wait this long for its batch."""
        self._waited_s += seconds

    @torch.no_grad()
    def add(
        self,
        step: int,
        keys: tuple[str, ...],
        units: int,
        outputs: Sequence[Output],
        norm: Tensor,
        bad: Tensor,
    ) -> None:
        """Add a step from 0. `bad` is 1 where it was skipped: then its values do not count."""
        good = bad == 0
        for output in outputs:
            values = torch.where(good, output.values.float(), 0.0)
            self._sums.index_add_(0, output.metrics, values)
            self._weights.index_add_(0, output.metrics, output.weights.float() * good)
        self._sums[-1] += torch.where(good, norm.float(), 0.0)
        self._weights[-1] += good
        self._steps.append((step, keys))
        self._bad.append(bad)
        self._units += units

    def read(self) -> MeterReading:
        """What was measured; the one place of the loop that waits for the device."""
        both = torch.stack([self._sums, self._weights]).double()
        sums, weights = self._world.all_reduce(both).tolist()
        bad = torch.stack(self._bad).tolist()
        seconds = max(time.monotonic() - self._begun_s, 1e-9)
        return MeterReading(
            step=self._steps[-1][0] + 1,
            steps=len(self._steps),
            sums=dict(zip(self._metrics, sums, strict=False)),
            weights=dict(zip(self._metrics, weights, strict=False)),
            grad_norm=sums[-1] / weights[-1] if weights[-1] else float("nan"),
            units=self._units,
            seconds=seconds,
            waiting=self._waited_s / seconds,
            bad=tuple(
                BadStep(step + 1, keys)
                for (step, keys), skipped in zip(self._steps, bad, strict=True)
                if skipped
            ),
        )


def peak_memory_gib(device: str) -> float:
    """The peak so far: of the GPU's memory that tensors took, or of this process's."""
    if device.startswith("cuda"):
        return float(torch.cuda.max_memory_allocated()) / GIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB
