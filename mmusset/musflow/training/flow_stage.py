"""The trainer: one loop, and each of its steps a function of the seed and the step's number.

So a training that was killed goes on from its checkpoint as if nothing had happened, and
several processes (torchrun, DDP) train what one would have trained.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmusset.errors import MmussetError
from mmusset.musflow.data.cache import Batch
from mmusset.musflow.data.rows import Rows
from mmusset.musflow.model.ema import Ema
from mmusset.musflow.model.musflow import MusFlow, on_device, throw
from mmusset.musflow.recipe import MODALITIES, FlowTrainPart, MusFlowRecipe
from mmusset.stopping import asked_to_stop
from mmusset.training.order import generator_at
from mmusset.training.order import rows as rows_of
from mmusset.training.prefetcher import Prefetcher
from mmusset.training.progress import Progress
from mmusset.training.schedule import lr_at, set_lr
from mmusset.training.world import World

from .align_fit import fit_alignment, recall_lines
from .checkpoint import (
    Checkpoint,
    check_clips,
    check_maker,
    check_recipe,
    last_checkpoint,
    save_checkpoint,
)
from .cost import peak_flops_per_s, step_flops
from .logbook import Logbook
from .run_folder import RunFolder
from .validate import Validation, validate
from .window import Logged, Window

BETAS = (0.9, 0.95)
Listen = Callable[[MusFlow, int], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """How a training ended: the step, its last line of the log, and the last validation."""

    step: int
    last: Logged | None
    validation: Validation | None


class Trainer:
    """A model in training: weights, their average, optimizer, and the step that comes next.

    It goes on from the folder's newest checkpoint; without one, the alignment is trained first.
    `listen` is given the averaged model now and then. Raises Refused where the folder holds
    another training.
    """

    def __init__(
        self,
        recipe: MusFlowRecipe,
        folder: RunFolder,
        rows: Rows,
        validation: Rows,
        world: World,
        shown: Progress,
        listen: Listen,
    ) -> None:
        self.recipe, self.part, self.folder = recipe, recipe.train, folder
        self.rows, self.validation, self.world = rows, validation, world
        self.shown, self.listen = shown, listen
        torch.manual_seed(self.part.seed)
        torch.set_float32_matmul_precision("high")  # TF32 on a GPU; nothing on a CPU
        self.model = MusFlow(recipe, rows.manifest).to(world.device)
        self.step = 0
        found = last_checkpoint(folder.checkpoints)
        if found:
            check_recipe(found, recipe)
            check_maker(found, rows.manifest.maker)
            check_clips(found, rows.manifest)
            self.model.load_state_dict(found.model)
            self.step = found.step
        else:
            self._align()
        self.ema = Ema(self.model, self.part.ema)
        self.optimizer = adamw(self.model, self.part)
        if found:
            self.ema.model.load_state_dict(found.ema)
            self.optimizer.load_state_dict(found.optimizer)
        if self.part.compile:
            for block in self.model.network.blocks:
                block.compile()
        self.forward: nn.Module = self.model
        if world.size > 1:
            ids = [torch.device(world.device)] if world.cuda else None
            self.forward = DistributedDataParallel(
                self.model, device_ids=ids, broadcast_buffers=False, gradient_as_bucket_view=True
            )
        self.book = Logbook(folder, self.step) if world.is_main else None
        self.found: Validation | None = None

    def run(self) -> Trained:
        """Train to the last step.

        Raises MmussetError where too many steps were not finite, and KeyboardInterrupt, after a
        checkpoint, where the user stops.
        """
        part, last = self.part, None
        self.shown.stage("training", part.steps, self.step)
        window = self._window()
        with asked_to_stop(self.world.size == 1) as stopping, Prefetcher(self._read) as ahead:
            while self.step < part.steps:
                batch, waited_s = ahead.take(self.step)
                window.waited(waited_s)
                self._learn(on_device(batch, self.world.device), window)
                self.step += 1
                done = self.step == part.steps
                if done or stopping.is_set() or self.step % part.log_every == 0:
                    last = self._log(window)
                if done or self.step % part.validate_every == 0:
                    self._validate(last)
                if done or self.step % part.listen_every == 0:
                    self._listen()
                # Last, so that what a kill took away is made again.
                if done or stopping.is_set() or self.step % part.save_every == 0:
                    self._save()
                if stopping.is_set():
                    raise KeyboardInterrupt
                if self.step % part.log_every == 0:
                    window = self._window()  # the time since the log belongs to no step
        return Trained(self.step, last, self.found)

    def close(self) -> None:
        if self.book:
            self.book.close()

    def _read(self, step: int) -> Batch:
        """This process's share of a step's batch."""
        bucket, wanted = rows_of(self.part.seed, step, self.part.batch, self.rows.counts)
        batch = self.rows.batch(bucket, wanted, self.world.share(), step)
        if not self.world.cuda:
            return batch
        return replace(
            batch,
            mean=batch.mean.pin_memory(),
            std=batch.std.pin_memory(),
            embeddings={name: value.pin_memory() for name, value in batch.embeddings.items()},
            present=batch.present.pin_memory(),
        )

    def _learn(self, batch: Batch, window: Window) -> None:
        """One step. A loss or gradient that is not finite leaves the weights as they are."""
        part, device = self.part, self.world.device
        shape = (part.batch, *batch.mean.shape[1:])
        throws = throw(part, self.step, shape, device).share(batch.share)
        torch.manual_seed(generator_at(part.seed, self.step, "dropout").initial_seed())
        self.forward.train()
        with torch.autocast(device.partition(":")[0], torch.bfloat16, part.precision == "bf16"):
            losses = self.forward(batch, throws)
        loss = losses.flow.mean() + self.recipe.alignment.joint_weight * losses.alignment
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), part.clip_norm)
        # The fused AdamW looks at this tensor by itself: no step waits to be told.
        self.optimizer.found_inf = bad = (~norm.isfinite()).float()
        set_lr(self.optimizer, self._lr(self.step))
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.ema.follow(self.step)
        window.add(self.step, batch.keys, losses, norm.detach(), bad)

    def _align(self) -> None:
        """Before the flow: the adapters by themselves."""
        steps = self.recipe.alignment.steps
        self.shown.stage("alignment", steps)

        def told(done: int, loss: float) -> None:
            self.shown.step(done, f"loss {loss:.3f}")

        fit_alignment(self.model.alignment, self.rows, self.part.seed, told)
        for line in recall_lines(self.model.alignment, self.validation):
            self.shown.told(f"  {line}")

    def _log(self, window: Window) -> Logged:
        line, skipped = window.close(
            self._lr(self.step - 1),
            self.world.size * peak_flops_per_s(self.world.device, self.part.precision),
        )
        self.shown.step(self.step, _note(line, self.found))
        bad = len(skipped)
        if self.book:
            self.book.logged(line)
            bad = self.book.skipped(skipped)
        for step in skipped:
            self.shown.told(f"step {step.step} was not finite and is skipped: {step.keys[0]}, ...")
        if bad > self.part.max_bad_steps:
            raise MmussetError(
                f"{bad} steps were not finite; {self.folder.bad_steps} lists them and their clips."
                " Lower train.lr, or use precision fp32, in another folder (--out)"
            )
        return line

    def _save(self) -> None:
        if self.book:
            self.book.keep()
            checkpoint = Checkpoint(
                step=self.step,
                recipe=self.recipe.model_dump_json(),
                manifest=self.rows.manifest.model_dump_json(),
                frames=self.rows.lengths[self.rows.counts.index(max(self.rows.counts))],
                model=self.model.state_dict(),
                ema=self.ema.model.state_dict(),
                optimizer=self.optimizer.state_dict(),
            )
            save_checkpoint(self.folder.checkpoints, checkpoint)
        self.world.barrier()

    def _validate(self, last: Logged | None) -> None:
        if self.world.is_main:
            model = self.ema.model
            self.found = validate(model, self.validation, self.part, self.world.device)
            if self.found and self.book:
                self.book.validated(self.step, self.found)
            if last:
                self.shown.step(self.step, _note(last, self.found))
            if self.step == self.part.steps:
                for line in recall_lines(model.alignment, self.validation):
                    self.shown.told(f"  {line}")
        self.world.barrier()

    def _listen(self) -> None:
        if self.world.is_main:
            self.listen(self.ema.model, self.step)
        self.world.barrier()

    def _lr(self, step: int) -> float:
        return lr_at(self.part.lr, step, self.part.steps, self.part.warmup)

    def _window(self) -> Window:
        mean = sum(n * c for n, c in zip(self.rows.lengths, self.rows.counts, strict=True))
        frames = round(mean / sum(self.rows.counts))
        shape = self.model.network.shape
        return Window(self.world, step_flops(shape, frames, len(MODALITIES), self.part.batch))


def adamw(model: nn.Module, part: FlowTrainPart) -> torch.optim.AdamW:
    """Fused AdamW; only matrices decay."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [w for w in weights if w.ndim > 1], "weight_decay": part.weight_decay},
        {"params": [w for w in weights if w.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=part.lr, betas=BETAS, fused=True)


def _note(line: Logged, found: Validation | None) -> str:
    told = f"loss {line.loss:.3f}, {line.clips_per_s:.0f} clips a second"
    if line.mfu:
        told += f", {line.mfu:.0%} MFU"
    return told + (f", validation {found.usual.told:.3f}" if found else "")
