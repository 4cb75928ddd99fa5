"""The training loop, one for everything that is trained here.

A Task says what a step's batch is, what its loss is and what to save; the loop does the rest:
prefetching, gradient accumulation, clipping, the learning-rate schedule, skipping of steps that
are not finite, log, validation, checkpoints, early stopping and stopping by a signal.

Every step is a function of (seed, step, rank). So a training that was killed goes on from its
checkpoint as if nothing had happened, and several processes train what one would have trained.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Generic

import torch
from torch import nn

from mmusset.errors import MmussetError
from mmusset.progress import Progress
from mmusset.stopping import asked_to_stop

from . import checkpoint as checkpoints
from .checkpoint import Checkpoint
from .early_stopping import EarlyStopping
from .folder import TrainingFolder
from .log import TrainingLog
from .meter import TrainingMeter, peak_memory_gib
from .optimizer import trainable
from .order import generator_at
from .prefetcher import Prefetcher
from .recipe import TrainPart
from .schedule import lr_at, set_lr
from .task import MeterReading, MicroBatch, Output, StepBatch, Task
from .world import World, no_sync


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How a task is trained. What happens every so many steps happens after the last one too."""

    seed: int
    steps: int
    lr: float
    warmup: int = 0  # steps
    clip_norm: float = math.inf
    max_bad_steps: int = 10  # more stop the training
    log_every: int = 1
    validate_every: int | None = None
    save_every: int | None = None


def settings_of(part: TrainPart, steps: int, warmup: int, log_every: int = 1) -> LoopSettings:
    """The settings that a recipe gives."""
    return LoopSettings(
        seed=part.seed,
        steps=steps,
        lr=part.lr,
        warmup=warmup,
        clip_norm=part.clip_norm,
        max_bad_steps=part.max_bad_steps,
        log_every=log_every,
        validate_every=part.validate_every,
        save_every=part.save_every,
    )


@dataclass(frozen=True, slots=True)
class Hook:
    """Something else to do every so many steps, and after the last: `run(steps_done)`."""

    every: int
    run: Callable[[int], None]


class Loop(Generic[MicroBatch]):
    """A task in training. It goes on from the folder's newest checkpoint, if there is one.

    Without a folder nothing is logged or saved. Raises Refused where the folder holds another
    training.
    """

    def __init__(
        self,
        task: Task[MicroBatch],
        settings: LoopSettings,
        world: World,
        progress: Progress,
        folder: TrainingFolder | None = None,
        early_stopping: EarlyStopping | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self._task, self._settings, self._world = task, settings, world
        self._progress, self._folder, self._hooks = progress, folder, hooks
        self._early_stopping = early_stopping
        self.step, self._bad_steps, self._ended = 0, 0, False
        self.line: dict[str, Any] | None = None
        self._validation: dict[str, Any] | None = None
        before = checkpoints.last(folder.checkpoints) if folder else None
        if before:
            self._resume(before)
        self._model = world.distribute(task.model)
        self._weights = list(trainable(task.model).values())
        self._log = (
            TrainingLog(folder, before.step if before else -1) if folder and world.is_main else None
        )

    def run(self, stage: str) -> None:
        """Train to the last step, or until validation gets no better; `stage` is shown.

        Raises MmussetError where too many steps were not finite, and KeyboardInterrupt, after a
        checkpoint, where a signal stopped it.
        """
        try:
            if self._early_stopping and self._early_stopping.best is None:
                self._validate()  # the untrained model
            self._progress.stage(stage, self._settings.steps, self.step)
            self._run()
        finally:
            if self._log:
                self._log.close()

    def _run(self) -> None:
        settings, task, alone = self._settings, self._task, self._world.size == 1
        meter = TrainingMeter(self._world, task.metrics)
        with (
            asked_to_stop(alone) as stopping,
            Prefetcher(task.batch, settings.steps) as prefetcher,
        ):
            while self.step < settings.steps and not self._ended:
                batch, waited_s = prefetcher.take(self.step)
                meter.waited(waited_s)
                self._train(batch, meter)
                self.step += 1
                stop = stopping.is_set()
                if logged := stop or self._due(settings.log_every):
                    self._write_log(meter.read())
                if self._due(settings.validate_every):
                    self._validate()
                for hook in self._hooks:
                    if self._due(hook.every):
                        hook.run(self.step)
                        self._world.barrier()
                self._ended = self.step == settings.steps or self._stopped_early
                # Last, so that what a kill took away is done again.
                if stop or self._ended or self._due(settings.save_every):
                    self._save()
                if stop and not self._ended:
                    raise KeyboardInterrupt
                if logged:  # the time since the log line belongs to no step
                    meter = TrainingMeter(self._world, task.metrics)

    @property
    def _stopped_early(self) -> bool:
        return self._early_stopping is not None and self._early_stopping.ended

    def _due(self, every: int | None) -> bool:
        return self.step == self._settings.steps or bool(every and self.step % every == 0)

    def _train(self, batch: StepBatch[MicroBatch], meter: TrainingMeter) -> None:
        """One step. A gradient that is not finite leaves the weights as they are."""
        settings, task = self._settings, self._task
        seed = generator_at(settings.seed, self.step, task.dropout_seed).initial_seed()
        torch.manual_seed(seed)
        task.model.train()
        outputs = [
            self._backward(micro_batch, number == len(batch.micro_batches))
            for number, micro_batch in enumerate(batch.micro_batches, 1)
        ]
        norm = nn.utils.clip_grad_norm_(self._weights, settings.clip_norm)
        bad = (~norm.isfinite()).float()
        # As a gradient scaler would set it. bfloat16 has the range of float32, so there is no
        # loss scaling; and since the fused optimizer reads this tensor on the device, no step
        # waits for the host to look at it.
        task.optimizer.found_inf = bad
        set_lr(task.optimizer, self._lr(self.step))
        task.optimizer.step()
        task.optimizer.zero_grad(set_to_none=True)
        task.after_step(self.step)
        meter.add(self.step, batch.keys, batch.units, outputs, norm.detach(), bad)

    def _backward(self, micro_batch: MicroBatch, last: bool) -> Output:
        """Processes exchange gradients once a step, with the last micro-batch of it."""
        with nullcontext() if last else no_sync(self._model):
            output = self._task.loss(self._forward, micro_batch, self.step)
            output.loss.backward()
        return output

    def _forward(self, *inputs: Any) -> Any:
        with self._world.autocast(self._task.bf16):
            return self._model(*inputs)

    def _lr(self, step: int) -> float:
        return lr_at(self._settings.lr, step, self._settings.steps, self._settings.warmup)

    def _write_log(self, reading: MeterReading) -> None:
        self.line = self._task.facts(reading) | {
            "grad_norm": reading.grad_norm,
            "lr": self._lr(self.step - 1),
            f"{self._task.unit}_per_s": reading.units / reading.seconds,
            "waiting": reading.waiting,
            "memory_gib": peak_memory_gib(self._world.device),
        }
        self._show()
        if self._log:
            self._log.write("train", self.step, self.line)
            self._log.write_bad(reading.bad)
        for bad in reading.bad:
            self._progress.log(f"step {bad.step} was not finite and is skipped: {bad.keys[0]}, ...")
        self._bad_steps += len(reading.bad)
        if self._bad_steps > self._settings.max_bad_steps:
            raise self._too_many_bad_steps()

    def _too_many_bad_steps(self) -> MmussetError:
        listed = f"; {self._folder.bad_steps} lists them and their samples" if self._folder else ""
        return MmussetError(
            f"{self._bad_steps} steps were not finite{listed}. Lower {self._task.section}.lr, or"
            " set train.precision=fp32, in another folder (--out)"
        )

    def _show(self) -> None:
        if self.line:
            validation = self._validation
            note = self._task.note(self.line)
            note += f", validation {validation['loss']:.3f}" if validation else ""
            self._progress.step(self.step, note)

    def _validate(self) -> None:
        validation = self._task.validate(self.step)
        self._world.barrier()
        if validation is None:
            return
        self._validation = validation
        if self._log:
            self._log.write("validation", self.step, validation)
        if self._early_stopping:
            self._early_stopping.update(self.step, validation["loss"], self._task.model)
        self._show()

    def _save(self) -> None:
        if self._folder and self._log:
            self._log.sync()
            stopping = self._early_stopping
            checkpoint = Checkpoint(
                step=self.step,
                ended=self._ended,
                bad_steps=self._bad_steps,
                optimizer=self._task.optimizer.state_dict(),
                early_stopping=stopping.state() if stopping else {},
                task=self._task.state(),
            )
            checkpoints.save(self._folder.checkpoints, checkpoint)
        self._world.barrier()

    def _resume(self, before: Checkpoint) -> None:
        self._task.load_state(before.task)
        self._task.optimizer.load_state_dict(before.optimizer)
        self.step, self._bad_steps, self._ended = before.step, before.bad_steps, before.ended
        if self._early_stopping:
            self._early_stopping.load_state(before.early_stopping)
