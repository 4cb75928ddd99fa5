"""Training an adapter: the loop's task, and what its checkpoints hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mmusset.errors import Refused
from mmusset.progress import Progress
from mmusset.recipe_file import differences
from mmusset.training import checkpoint
from mmusset.training.checkpoint import Checkpoint
from mmusset.training.early_stopping import Best, EarlyStopping, weights_of
from mmusset.training.folder import TrainingFolder
from mmusset.training.loop import Loop, settings_of
from mmusset.training.optimizer import adamw, trainable
from mmusset.training.order import batch_rows
from mmusset.training.task import Forward, MeterReading, Output, StepBatch, Task
from mmusset.training.world import World

from .batch import PackedBatch, batch_of
from .learner import Learner
from .packing import PackedDataset, PackedSample
from .recipe import FinetuneRecipe

BETAS = (0.9, 0.999)


@dataclass(frozen=True, slots=True)
class LoraOutcome:
    """How a training ended. Losses are of the validation samples, in nats a token."""

    step: int
    steps: int
    base_loss: float
    best: Best

    @property
    def early(self) -> bool:
        """Whether it ended since validation got no better."""
        return self.step < self.steps


class LoraTask(Task[PackedBatch]):
    """An adapter in training on packed samples: the mean loss of a step's answer tokens."""

    unit = "tokens"

    def __init__(
        self,
        recipe: FinetuneRecipe,
        dataset: PackedDataset,
        processor: Any,
        learner: Learner,
        world: World,
        bf16: bool,
    ) -> None:
        self.recipe, self.part, self.dataset = recipe, recipe.train, dataset
        self.samples, self.held_out = dataset.of("train"), dataset.of("validation")
        self.processor, self.learner, self.world = processor, learner, world
        self.model, self.bf16 = learner, bf16
        self.optimizer = adamw(learner, self.part.lr, BETAS, self.part.weight_decay)
        self.dropout_seed = f"dropout {world.rank}"

    @property
    def parameters(self) -> int:
        """How many weights are trained."""
        return sum(weight.numel() for weight in trainable(self.learner).values())

    def example(self) -> PackedBatch:
        """A batch of one sample, to check a saved adapter on."""
        return self._batch_of(self.samples[:1]).to(self.world.device)

    def batch(self, step: int) -> StepBatch[PackedBatch]:
        """Samples of like length are computed side by side: less padding."""
        samples = self._samples(step)
        own = sorted(samples[self.world.share()], key=lambda sample: len(sample.input_ids))
        return StepBatch(
            [self._batch_of(some) for some in _chunks(own, self.part.micro_batch)],
            keys=tuple(sample.where for sample in samples),
            units=sum(len(sample.input_ids) for sample in samples),
        )

    def loss(self, forward: Forward, batch: PackedBatch, step: int) -> Output:
        """The sum over the micro-batch's answer tokens, of the mean over those of the step."""
        total: Tensor = forward(batch.to(self.world.device))
        tokens = sum(len(sample.label_positions) for sample in self._samples(step))
        # The loop averages over ranks, each of which has a part of the step's tokens.
        return Output.single(total * (self.world.size / tokens), total, len(batch.labels))

    def facts(self, reading: MeterReading) -> dict[str, Any]:
        epoch = reading.step * self.part.batch / len(self.samples)
        return super().facts(reading) | {"epoch": round(epoch, 3), "tokens": reading.units}

    def note(self, line: dict[str, Any]) -> str:
        return f"{super().note(line)}, {line['memory_gib']:.1f} GiB"

    def validate(self, step: int) -> dict[str, Any]:
        """The mean loss of the held-out samples."""
        self.learner.eval()
        sums = torch.zeros(2, dtype=torch.float64)
        own = sorted(self.held_out, key=lambda sample: len(sample.input_ids))[self.world.share()]
        with torch.no_grad():
            for samples in _chunks(own, self.part.micro_batch):
                batch = self._batch_of(samples)
                # Not through DDP, which counts on every process computing as many batches.
                with self.world.autocast(self.bf16):
                    loss = self.learner.loss(batch.to(self.world.device))
                sums += torch.tensor([float(loss), len(batch.labels)], dtype=torch.float64)
        total, tokens = self.world.all_reduce(sums.to(self.world.device)).tolist()
        return {"loss": total / tokens}

    def state(self) -> dict[str, Any]:
        return {
            "recipe": self.recipe.canonical(),
            "samples_sha256": self.dataset.sha256,
            "weights": weights_of(self.learner),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        check_same(state, self.recipe, self.dataset)
        self.load_weights(state["weights"])

    @torch.no_grad()
    def load_weights(self, weights: dict[str, Tensor]) -> None:
        """Have the adapter hold these weights."""
        for name, weight in trainable(self.learner).items():
            weight.copy_(weights[name])

    def _samples(self, step: int) -> list[PackedSample]:
        """The samples of a step, over all ranks."""
        _, rows = batch_rows(self.part.seed, step, self.part.batch, [len(self.samples)])
        return [self.samples[int(row)] for row in rows]

    def _batch_of(self, samples: Sequence[PackedSample]) -> PackedBatch:
        return batch_of(samples, self.processor, self.learner.base.model.get_rope_index)


def train(task: LoraTask, folder: TrainingFolder, progress: Progress) -> LoraOutcome:
    """Train to the end; the adapter then holds the weights of the best validation.

    Raises as `Loop` and `Loop.run` do.
    """
    part, stopping = task.part, EarlyStopping(task.part.patience)
    steps = part.steps(len(task.samples))
    settings = settings_of(part, steps, warmup=round(part.warmup * steps))
    loop = Loop(task, settings, task.world, progress, folder, stopping)
    loop.run("learning")
    assert stopping.best
    task.load_weights(stopping.best.weights)
    return LoraOutcome(loop.step, steps, stopping.base_loss, stopping.best)


def check_same(state: dict[str, Any], recipe: FinetuneRecipe, dataset: PackedDataset) -> None:
    """Raises Refused where a checkpoint's state is of another recipe, or of other samples."""
    if changed := differences(state["recipe"], recipe.canonical()):
        settings = "; ".join(map(str, changed[:6]))
        raise Refused(
            f"the folder holds a training by another recipe ({settings}); give another --out,"
            " or take the recipe that it began with"
        )
    if state["samples_sha256"] != dataset.sha256:
        raise Refused(
            "the samples, their prompts or the base's tokenizer have changed since this training"
            " began; give another --out"
        )


def last_checkpoint(folder: TrainingFolder) -> Checkpoint | None:
    """A training's newest checkpoint. Raises MmussetError for a damaged one."""
    return checkpoint.last(folder.checkpoints)


def outcome_of(folder: TrainingFolder, steps: int) -> LoraOutcome | None:
    """How the training of a folder ended, if it has."""
    before = last_checkpoint(folder)
    if before is None or not before.ended:
        return None
    stopping = EarlyStopping(patience=0)
    stopping.load_state(before.early_stopping)
    assert stopping.best
    return LoraOutcome(before.step, steps, stopping.base_loss, stopping.best)


def _chunks(samples: Sequence[PackedSample], size: int) -> list[Sequence[PackedSample]]:
    return [samples[first : first + size] for first in range(0, len(samples), size)]
