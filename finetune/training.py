"""Learning: one loop whose every step is a function of the seed and the step's number.

So a training that was killed goes on from its checkpoint as if nothing had happened, and
several processes (Accelerate, DDP) learn what one would have learnt.
"""

import math
import resource
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmusset.errors import MmussetError, Refused
from mmusset.progress import Progress
from mmusset.recipe_file import differences
from mmusset.stopping import asked_to_stop
from mmusset.training import checkpoint as checkpoint_files
from mmusset.training.json_log import JsonLog
from mmusset.training.order import generator_at, rows
from mmusset.training.prefetcher import Prefetcher
from mmusset.training.schedule import lr_at, set_lr
from mmusset.training.world import World

from .batch import PackedBatch, batch_of
from .learner import Learner
from .packing import PackedDataset, PackedSample
from .recipe import FinetuneRecipe

BETAS = (0.9, 0.999)
GIB = 2**30
LOG, CHECKPOINTS = "log.jsonl", "checkpoints"


@dataclass(frozen=True, slots=True)
class Best:
    """The validation that was best: its step, its loss (nats a token), the adapter's weights."""

    step: int
    loss: float
    weights: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that a training needs to go on. `learnt_from` is the hash of its samples."""

    step: int
    recipe: str
    learnt_from: str
    weights: dict[str, Tensor]
    optimizer: dict[str, Any]
    best_step: int
    best_loss: float
    best_weights: dict[str, Tensor]
    base_loss: float
    worse: int
    bad: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Learnt:
    """How a training ended. Losses are of the validation samples, in nats a token."""

    step: int
    steps: int
    base_loss: float
    best: Best

    @property
    def early(self) -> bool:
        """Whether it ended since validation got no better."""
        return self.step < self.steps


def steps_of(recipe: FinetuneRecipe, samples: int) -> int:
    """How many steps a training has."""
    return max(1, math.ceil(recipe.train.epochs * samples / recipe.train.batch))


def last_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint of a folder, if there is one. Raises MmussetError for a damaged one."""
    path = checkpoint_files.newest(folder)
    if path is None:
        return None
    try:
        return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # noqa: BLE001  pickle raises whatever it likes at foreign files
        raise MmussetError(
            f"{path} is damaged, or no checkpoint of this version ({type(error).__name__});"
            " delete it to go on from the one before"
        ) from None


def check_same(found: Checkpoint, recipe: FinetuneRecipe, dataset: PackedDataset) -> None:
    """Raises Refused where a checkpoint is of another recipe, or of other samples."""
    if changed := differences(found.recipe, recipe.canonical()):
        settings = "; ".join(map(str, changed[:6]))
        raise Refused(
            f"the folder holds a training by another recipe ({settings}); give another --out,"
            " or take the recipe that it began with"
        )
    if found.learnt_from != dataset.sha256:
        raise Refused(
            "the samples, their prompts or the base's tokenizer have changed since this training"
            " began; give another --out"
        )


def ended(folder: Path, recipe: FinetuneRecipe, samples: int) -> Learnt | None:
    """How the training of a folder ended, if it has."""
    found = last_checkpoint(folder / CHECKPOINTS)
    if found is None or not found.ended:
        return None
    best = Best(found.best_step, found.best_loss, found.best_weights)
    return Learnt(found.step, steps_of(recipe, samples), found.base_loss, best)


class Trainer:
    """An adapter in training. It goes on from the folder's newest checkpoint, if there is one.

    `accelerator` is Accelerate's: it spreads the learner over processes and devices.
    """

    def __init__(
        self,
        recipe: FinetuneRecipe,
        folder: Path,
        dataset: PackedDataset,
        processor: Any,
        learner: Learner,
        accelerator: Any,
        shown: Progress,
    ) -> None:
        self.recipe, self.part = recipe, recipe.train
        self.folder, self.dataset, self.shown = folder, dataset, shown
        self.samples, self.held_out = dataset.of("train"), dataset.of("validation")
        self.steps = steps_of(recipe, len(self.samples))
        self.processor, self.learner, self.accelerator = processor, learner, accelerator
        self.world = World(
            accelerator.process_index, accelerator.num_processes, str(accelerator.device)
        )
        self.world.check_batch(self.part.batch)
        self.weights = {n: w for n, w in learner.named_parameters() if w.requires_grad}
        self.optimizer = torch.optim.AdamW(
            self.weights.values(),
            lr=self.part.lr,
            betas=BETAS,
            weight_decay=self.part.weight_decay,
            fused=True,
        )
        self.step, self.worse, self.bad = 0, 0, 0
        self.base_loss = float("nan")
        self.best: Best | None = None
        self.ended = False
        found = last_checkpoint(folder / CHECKPOINTS)
        if found:
            check_same(found, recipe, dataset)
            self._take(found)
        self.forward = accelerator.prepare(learner)
        self.log = JsonLog(folder / LOG, self.step if found else -1) if self.world.is_main else None

    @property
    def parameters(self) -> int:
        """How many weights are trained."""
        return sum(weight.numel() for weight in self.weights.values())

    def run(self) -> Learnt:
        """Train to the last step, or until validation gets no better.

        Raises MmussetError where too many steps were not finite, and KeyboardInterrupt, after a
        checkpoint, where the user stops.
        """
        part = self.part
        if self.best is None:
            self.best = self._validate()
            self.base_loss = self.best.loss
        self.shown.stage("learning", self.steps, self.step)
        with asked_to_stop(self.world.size == 1) as stopping, Prefetcher(self._read) as ahead:
            while self.step < self.steps and not self.ended:
                begun_s = time.monotonic()
                micro, waited_s = ahead.take(self.step)
                facts = self._learn(micro)
                self.step += 1
                self._tell(facts, begun_s, waited_s)
                done = self.step == self.steps
                if done or self.step % part.validate_every == 0:
                    self._compare(self._validate())
                # Last, so that what a kill took away is made again.
                if done or self.ended or stopping.is_set() or self.step % part.save_every == 0:
                    self._save(done or self.ended)
                if stopping.is_set() and not (done or self.ended):
                    raise KeyboardInterrupt
        return Learnt(self.step, self.steps, self.base_loss, self.best)

    def take_best(self) -> None:
        """Have the learner hold the weights of the best validation."""
        assert self.best
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(self.best.weights[name])

    def _learn(self, micro: list[PackedBatch]) -> dict[str, Any]:
        """One step. A loss or gradient that is not finite leaves the weights as they are."""
        seed = generator_at(self.part.seed, self.step, f"dropout {self.world.rank}").initial_seed()
        torch.manual_seed(seed)
        self.learner.train()
        samples = self._samples(self.step)
        learnt = sum(len(sample.label_positions) for sample in samples)
        total = torch.zeros((), device=self.accelerator.device)
        for number, batch in enumerate(micro):
            with self._together(number == len(micro) - 1):
                loss = self.forward(batch.to(self.accelerator.device))
                # DDP takes the mean over processes; what is wanted is the mean over tokens.
                self.accelerator.backward(loss * (self.world.size / learnt))
            total += loss.detach()
        norm = torch.nn.utils.clip_grad_norm_(list(self.weights.values()), self.part.clip_norm)
        # The fused AdamW looks at this tensor by itself.
        self.optimizer.found_inf = bad = (~norm.isfinite()).float()
        lr = self._lr(self.step)
        set_lr(self.optimizer, lr)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.world.all_reduce(total)
        if bad.item():
            self._skipped(samples)
        tokens = sum(len(sample.input_ids) for sample in samples)
        return {"loss": total.item() / learnt, "lr": lr, "grad_norm": norm.item(), "tokens": tokens}

    def _skipped(self, samples: list[PackedSample]) -> None:
        self.bad += 1
        self.shown.log(
            f"step {self.step + 1} was not finite and is skipped: {samples[0].where}, ..."
        )
        if self.bad > self.part.max_bad_steps:
            raise MmussetError(
                f"{self.bad} steps were not finite: lower train.lr, or set train.precision=fp32,"
                " in another folder (--out)"
            )

    def _tell(self, facts: dict[str, Any], begun_s: float, waited_s: float) -> None:
        seconds = time.monotonic() - begun_s
        rate = facts["tokens"] / max(seconds, 1e-9)
        memory = memory_gib(self.world.device)
        epoch = self.step * self.part.batch / len(self.samples)
        if self.log:
            self.log.write(
                {"at": "train", "step": self.step, "epoch": round(epoch, 3)}
                | facts
                | {"tokens_per_s": round(rate, 1), "memory_gib": round(memory, 3)}
                | {"waits": round(waited_s / max(seconds, 1e-9), 4)}
            )
        best = f", validation {self.best.loss:.3f}" if self.best else ""
        told = f"loss {facts['loss']:.3f}{best}, {rate:.0f} tokens a second, {memory:.1f} GiB"
        self.shown.step(self.step, told)

    def _validate(self) -> Best:
        """The mean loss of the held-out samples, and the weights that have it."""
        self.learner.eval()
        sums = torch.zeros(2, dtype=torch.float64)
        own = sorted(self.held_out, key=lambda sample: len(sample.input_ids))[self.world.share()]
        with torch.no_grad():
            for samples in _chunks(own, self.part.micro_batch):
                batch = batch_of(samples, self.processor, self.learner.base.model.get_rope_index)
                # Not through DDP, which counts on every process being asked as often.
                with self.accelerator.autocast():
                    loss = self.learner.loss(batch.to(self.accelerator.device))
                sums += torch.tensor([float(loss), len(batch.labels)], dtype=torch.float64)
        total, tokens = self.world.all_reduce(sums.to(self.world.device)).tolist()
        loss = total / tokens
        if self.log:
            self.log.write({"at": "validation", "step": self.step, "loss": loss})
        kept = {name: weight.detach().cpu().clone() for name, weight in self.weights.items()}
        return Best(self.step, loss, kept)

    def _compare(self, now: Best) -> None:
        assert self.best
        if now.loss < self.best.loss:
            self.best, self.worse = now, 0
        else:
            self.worse += 1
            self.ended = 0 < self.part.patience <= self.worse

    def _save(self, ended: bool) -> None:
        assert self.best
        if self.log:
            self.log.keep()
            checkpoint = Checkpoint(
                step=self.step,
                recipe=self.recipe.canonical(),
                learnt_from=self.dataset.sha256,
                weights={n: w.detach().cpu() for n, w in self.weights.items()},
                optimizer=self.optimizer.state_dict(),
                best_step=self.best.step,
                best_loss=self.best.loss,
                best_weights=self.best.weights,
                base_loss=self.base_loss,
                worse=self.worse,
                bad=self.bad,
                ended=ended,
            )
            data = {name: getattr(checkpoint, name) for name in Checkpoint.__slots__}
            checkpoint_files.save(self.folder / CHECKPOINTS, self.step, data)
        self.world.barrier()

    def _take(self, found: Checkpoint) -> None:
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(found.weights[name])
        self.optimizer.load_state_dict(found.optimizer)
        self.step, self.worse, self.bad = found.step, found.worse, found.bad
        self.base_loss, self.ended = found.base_loss, found.ended
        self.best = Best(found.best_step, found.best_loss, found.best_weights)

    def _samples(self, step: int) -> list[PackedSample]:
        """The samples of a step, over all processes."""
        _, wanted = rows(self.part.seed, step, self.part.batch, [len(self.samples)])
        return [self.samples[int(number)] for number in wanted]

    def _read(self, step: int) -> list[PackedBatch]:
        """This process's share of a step: samples of like length are computed side by side."""
        if step >= self.steps:
            return []
        own = sorted(
            self._samples(step)[self.world.share()], key=lambda sample: len(sample.input_ids)
        )
        places = self.learner.base.model.get_rope_index
        return [
            batch_of(samples, self.processor, places)
            for samples in _chunks(own, self.part.micro_batch)
        ]

    def _together(self, last: bool) -> AbstractContextManager[Any]:
        """Processes exchange gradients once a step, with the last samples of it."""
        return nullcontext() if last else self.accelerator.no_sync(self.forward)

    def _lr(self, step: int) -> float:
        warmup = round(self.part.warmup * self.steps)
        return lr_at(self.part.lr, step, self.steps, warmup)


def memory_gib(device: str) -> float:
    """The peak so far: of the GPU's memory, or of this process's."""
    if device.startswith("cuda"):
        return float(torch.cuda.max_memory_allocated()) / GIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB


def _chunks(samples: list[PackedSample], size: int) -> list[list[PackedSample]]:
    return [samples[first : first + size] for first in range(0, len(samples), size)]
