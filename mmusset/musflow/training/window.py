"""What is summed up between two lines of the log, on the device, so that no step waits for it."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from mmusset.musflow.model.musflow import FlowLosses
from mmusset.training.world import World

TIME_BINS = 4  # quarters of the way from noise to music


@dataclass(frozen=True, slots=True)
class Logged:
    """A line of the log. Losses are means since the last line, over all processes.

    `waiting` is the share of time in which the step waited for its data, `mfu` the share
    of what the device could compute, 0 where that is not known.
    """

    step: int
    loss: float
    loss_by_time: tuple[float, ...]
    alignment: float
    grad_norm: float
    lr: float
    clips_per_s: float
    waiting: float
    flops_per_s: float
    mfu: float


@dataclass(frozen=True, slots=True)
class BadStep:
    """A step that was skipped, since its loss or gradient was not finite, and its clips."""

    step: int
    keys: tuple[str, ...]


class Window:
    """Sums since the last line. `flops` are those of one step of all processes."""

    def __init__(self, world: World, flops: float) -> None:
        self._world = world
        self._flops = flops
        self._steps: list[tuple[int, tuple[str, ...]]] = []
        self._bad: list[Tensor] = []
        self._begun_s = time.monotonic()
        self._waited_s = 0.0
        # For each bin its loss and count, then alignment's loss, gradient's norm and their count.
        self._sums = torch.zeros(2 * TIME_BINS + 3, device=world.device)

    def add(
        self, step: int, keys: tuple[str, ...], losses: FlowLosses, norm: Tensor, bad: Tensor
    ) -> None:
        """Note a step; `bad` is 1 where it was skipped, and then its losses do not count."""
        with torch.no_grad():
            good = losses.flow.isfinite() & (bad == 0)
            bins = (losses.timesteps * TIME_BINS).long().clamp(max=TIME_BINS - 1)
            flow = torch.where(good, losses.flow, 0.0)
            self._sums.index_add_(0, 2 * bins, flow)
            self._sums.index_add_(0, 2 * bins + 1, good.to(flow.dtype))
            fine = (bad == 0).float()
            told = torch.stack([losses.alignment.detach().float(), norm.float()])
            self._sums[-3:-1] += torch.where(fine > 0, told, 0.0)
            self._sums[-1] += fine
        self._steps.append((step, keys))
        self._bad.append(bad)

    def waited(self, seconds: float) -> None:
        """The next step had to wait so long for its data."""
        self._waited_s += seconds

    def close(self, lr: float, peak_flops_per_s: float) -> tuple[Logged, list[BadStep]]:
        """What is to be logged; the one place of the loop that waits for the device."""
        sums = self._world.all_reduce(self._sums.double()).tolist()
        bad = torch.stack(self._bad).tolist()
        seconds = max(time.monotonic() - self._begun_s, 1e-9)
        parts, counts = sums[0 : 2 * TIME_BINS : 2], sums[1 : 2 * TIME_BINS : 2]
        clips = len(self._steps) * len(self._steps[0][1])
        fine = max(sums[-1], 1.0)
        flops_per_s = self._flops * len(self._steps) / seconds
        logged = Logged(
            step=self._steps[-1][0] + 1,
            loss=sum(parts) / max(sum(counts), 1.0),
            loss_by_time=tuple(p / max(n, 1.0) for p, n in zip(parts, counts, strict=True)),
            alignment=sums[-3] / fine,
            grad_norm=sums[-2] / fine,
            lr=lr,
            clips_per_s=clips / seconds,
            waiting=self._waited_s / seconds,
            flops_per_s=flops_per_s,
            mfu=flops_per_s / peak_flops_per_s if peak_flops_per_s else 0.0,
        )
        skipped = [
            BadStep(step + 1, keys) for (step, keys), b in zip(self._steps, bad, strict=True) if b
        ]
        return logged, skipped
