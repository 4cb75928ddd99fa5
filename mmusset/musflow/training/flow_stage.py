"""Training the flow: the task of MusFlow's last and longest stage."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import torch

from mmusset.errors import UsageError
from mmusset.musflow.data.cache import Cache, LatentBatch
from mmusset.musflow.data.captions import with_drawn_captions
from mmusset.musflow.data.shifts import drawn_shifts
from mmusset.musflow.model.ema import Ema
from mmusset.musflow.model.musflow import FlowLosses, MusFlow, draw, on_device
from mmusset.musflow.recipe import FlowTrainPart, MusFlowRecipe
from mmusset.training.optimizer import adamw
from mmusset.training.order import batch_rows, generator_at
from mmusset.training.task import Forward, MeterReading, Output, StepBatch, Task
from mmusset.training.world import World

from .alignment_stage import recall_lines
from .checkpoint import FlowState, check_clips, check_recipe, check_spec
from .cost import peak_flops_per_s, step_flops
from .validate import Validation, validate

BETAS = (0.9, 0.95)
# The flow's loss depends much on the timestep, so it is logged by quarters from noise to music.
TIME_BINS = tuple(f"loss_{number}" for number in range(4))


class FlowTask(Task[LatentBatch]):
    """MusFlow in training: its velocity network and its alignment, beside their average."""

    unit = "clips"
    metrics = (*TIME_BINS, "alignment")

    def __init__(
        self,
        recipe: MusFlowRecipe,
        model: MusFlow,
        dataset: Cache,
        held_out: Cache,
        world: World,
        show: Callable[[str], None],
    ) -> None:
        self.recipe, self.part, self.model = recipe, recipe.train, model
        self.dataset, self.held_out, self.world, self._show = dataset, held_out, world, show
        self.bf16 = self.part.precision == "bf16"
        self.ema = Ema(model, self.part.ema)
        self.optimizer = adamw(model, self.part.lr, BETAS, self.part.weight_decay)
        self.validation: Validation | None = None
        if self.part.compile:
            for block in model.network.blocks:
                block.compile()

    def batch(self, step: int) -> StepBatch[LatentBatch]:
        """Latents of this rank's share, in micro-batches; embeddings of the whole batch in each,
        since the alignment's loss compares each clip with all others."""
        part, size = self.part, self.world.size
        bucket, rows = batch_rows(part.seed, step, part.batch, self.dataset.counts)
        shifts = drawn_shifts(self.dataset.manifest.spec.shifts, len(rows), part.seed, step)
        batch = self.dataset.batch(bucket, rows, self.world.share(), shifts)
        batch = with_drawn_captions(batch, part.seed, step)
        count = micro_batches(part, size)
        parts = [_part(batch, number, count, size) for number in range(count)]
        # From pinned memory the copy to the GPU runs beside its computing.
        parts = [_pinned(each) for each in parts] if self.world.cuda else parts
        return StepBatch(parts, batch.keys, part.batch)

    def loss(self, forward: Forward, batch: LatentBatch, step: int) -> Output:
        """Noise and timesteps are drawn for the whole batch, so that shares make no difference."""
        device = self.world.device
        # The alignment is handed the whole batch in each micro-batch: under one dropout, as in
        # each rank, these are the gradients of a step without micro-batches.
        torch.manual_seed(generator_at(self.part.seed, step, self.dropout_seed).initial_seed())
        shape = (self.part.batch, *batch.mean.shape[1:])
        here = on_device(batch, device)
        present = self.model.present(here)
        draws = draw(self.part, step, shape, present, video_present=here.video_present).share(
            batch.share
        )
        losses: FlowLosses = forward(here, draws)
        bins = (losses.timesteps * len(TIME_BINS)).long().clamp(max=len(TIME_BINS) - 1)
        alignment = losses.alignment.detach()[None]
        values = torch.cat([losses.flow.detach(), alignment])
        loss = losses.flow.mean() + self.recipe.alignment.joint_weight * losses.alignment
        return Output(
            loss=loss / micro_batches(self.part, self.world.size),
            values=values,
            metrics=torch.cat([bins, torch.full_like(bins[:1], len(TIME_BINS))]),
            weights=torch.ones_like(values),
        )

    def after_step(self, step: int) -> None:
        self.ema.update(step)

    def facts(self, reading: MeterReading) -> dict[str, Any]:
        flops_per_s = self._step_flops() * reading.steps / reading.seconds
        peak = self.world.size * peak_flops_per_s(self.world.device, self.part.precision)
        return {
            "loss": reading.mean(*TIME_BINS),
            "loss_by_time": [reading.mean(name) for name in TIME_BINS],
            "alignment": reading.mean("alignment"),
            "flops_per_s": flops_per_s,
            "mfu": flops_per_s / peak if peak else 0.0,  # 0 where the peak is not known
        }

    def note(self, line: dict[str, Any]) -> str:
        return super().note(line) + (f", {line['mfu']:.0%} MFU" if line["mfu"] else "")

    def validate(self, step: int) -> dict[str, Any] | None:
        """The averaged model's losses, on the main process: a fraction of a step's work."""
        if not self.world.is_main:
            return None
        model = self.ema.model
        self.validation = validate(model, self.held_out, self.part, self.world.device)
        if step == self.part.steps:
            for line in recall_lines(model.alignment, self.held_out):
                self._show(f"  {line}")
        if self.validation is None:
            return None
        return {"loss": self.validation.usual.conditional} | asdict(self.validation)

    def state(self) -> dict[str, Any]:
        commonest = self.dataset.counts.index(max(self.dataset.counts))
        return FlowState(
            recipe=self.recipe.model_dump_json(),
            manifest=self.dataset.manifest.model_dump_json(),
            frames=self.dataset.lengths[commonest],
            model=self.model.state_dict(),
            ema=self.ema.model.state_dict(),
        ).data()

    def load_state(self, state: dict[str, Any]) -> None:
        before = FlowState(**state)
        check_recipe(before, self.recipe)
        check_spec(before, self.dataset.manifest.spec)
        check_clips(before, self.dataset.manifest)
        self.model.load_state_dict(before.model)
        self.ema.model.load_state_dict(before.ema)

    def _step_flops(self) -> float:
        """Of a step over all ranks, for clips of the mean length."""
        lengths, counts = self.dataset.lengths, self.dataset.counts
        frames = sum(n * c for n, c in zip(lengths, counts, strict=True)) / sum(counts)
        video = self.dataset.manifest.video_frames / sum(counts)
        config, tokens = self.model.network.config, len(self.model.tokens) + round(video)
        return step_flops(config, round(frames), tokens, self.part.batch)


def micro_batches(part: FlowTrainPart, processes: int) -> int:
    """In how many parts each process computes its share of a step. Raises UsageError where they
    would be of unequal size."""
    share = part.batch // processes
    size = min(part.micro_batch, share) or share
    if share % size:
        raise UsageError(
            f"train.micro_batch {size} does not divide the {share} clips that each process has"
            f" of train.batch {part.batch}"
        )
    return share // size


def _part(batch: LatentBatch, number: int, count: int, processes: int) -> LatentBatch:
    """Micro-batch number `number` of a rank's share; of its rows every `count`-th."""
    first = (batch.share.start or 0) + processes * number
    return replace(
        batch,
        mean=batch.mean[number::count],
        std=None if batch.std is None else batch.std[number::count],
        share=slice(first, None, processes * count),
    )


def _pinned(batch: LatentBatch) -> LatentBatch:
    return replace(
        batch,
        mean=batch.mean.pin_memory(),
        std=None if batch.std is None else batch.std.pin_memory(),
        embeddings={name: value.pin_memory() for name, value in batch.embeddings.items()},
        present=batch.present.pin_memory(),
        kin=batch.kin.pin_memory(),
        beat=batch.beat.pin_memory(),
        video=batch.video and batch.video.each(torch.Tensor.pin_memory),
    )
