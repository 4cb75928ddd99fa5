"""A whole fine-tuning, from samples to an adapter that is checked: `mmusset finetune`.

    python finetune/lora.py DATASET --base Qwen/Qwen2-VL-2B-Instruct --out ADAPTER

is that same command.
"""

import runpy
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmusset.errors import Refused
from mmusset.finetune.chats import CHATS, ChatDataset, read_chats
from mmusset.finetune.packing import PackedDataset, pack_chats
from mmusset.finetune.recipe import FinetuneRecipe
from mmusset.progress import Progress
from mmusset.shards.reader import dataset_name
from mmusset.training.lock import locked

if TYPE_CHECKING:
    from mmusset.finetune.finish import Facts
    from mmusset.finetune.plan import FinetunePlan
    from mmusset.finetune.training import Learnt


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked for. `merge` is a new folder for the merged model, if one is wanted."""

    data: tuple[str, ...]
    recipe: FinetuneRecipe
    out: Path
    merge: Path | None
    device: str  # auto, cpu or cuda
    shown: Progress


@dataclass(frozen=True, slots=True)
class Ready:
    """All that is known before a weight is loaded."""

    config: Any
    commit: str
    processor: Any
    chats: ChatDataset
    dataset: PackedDataset


@dataclass(frozen=True, slots=True)
class Taught:
    """How it ended. Losses are nats a token on the validation samples."""

    adapter: str
    merged: str  # "" where none was wanted
    steps: int
    ended_early: bool
    samples: int
    validation_samples: int
    too_long: int
    base_loss: float
    loss: float
    best_step: int

    def text(self) -> str:
        """For people."""
        lines = [
            f"learnt from {self.samples} samples, validated on {self.validation_samples}"
            + (f"; {self.too_long} chats were too long and left out" if self.too_long else ""),
            f"validation loss {self.base_loss:.3f} before, {self.loss:.3f} after step"
            f" {self.best_step} of {self.steps}"
            + ("; it ended early, since it got no better" if self.ended_early else ""),
            f"adapter in {self.adapter}; its losses in {self.adapter}/loss.png",
        ]
        if self.merged:
            lines.append(f"merged model in {self.merged}")
        return "\n".join(lines)


def default_out(source: str) -> Path:
    """`music-lora`, here, for the dataset `.../music` or the chats `.../music.jsonl`."""
    path = Path(source)
    return Path(f"{path.stem if path.suffix == CHATS else dataset_name(source)}-lora")


def ready(job: Job) -> Ready:
    """Read what is learnt from, and the base's config and words; no weight.

    Raises UsageError, MmussetError and Refused for all that makes a training senseless.
    """
    from mmusset.finetune.finish import check_free
    from mmusset.finetune.learner import read_config, read_processor
    from mmusset.finetune.training import check_same, last_checkpoint

    _check_folder(job.out)
    if job.merge:
        check_free(job.merge)
    config, commit = read_config(job.recipe)
    chats = read_chats(job.data, job.recipe.data)
    processor = read_processor(job.recipe, commit)
    dataset = pack_chats(chats.chats, processor, job.recipe.data.max_tokens)
    found = last_checkpoint(job.out / "checkpoints")
    if found:
        check_same(found, job.recipe, dataset)
    return Ready(config, commit, processor, chats, dataset)


def plan(job: Job, card: float | None) -> "FinetunePlan":
    """What the training will need, on a GPU of `card` GiB or else on this machine's device.

    For a base in the table of published sizes nothing is fetched: without its tokenizer, tokens
    are estimated. Raises as `ready` does.
    """
    from mmusset.finetune import plan as planning
    from mmusset.finetune.offline_base import EstimatedProcessor, local_processor, published_config
    from mmusset.finetune.training import check_same, last_checkpoint
    from mmusset.training.memory import available_gib
    from mmusset.training.world import pick_device

    recipe = job.recipe
    device = "cuda" if card else pick_device(job.device)
    available, bf16 = card or available_gib(device), _bf16(recipe, device)
    config = published_config(recipe.base)
    if config is None:
        made = ready(job)
        return planning.plan(recipe, made.config, made.dataset, available, bf16)
    _check_folder(job.out)
    processor = local_processor(recipe)
    chats = read_chats(job.data, recipe.data).chats
    dataset = pack_chats(chats, processor or EstimatedProcessor(), recipe.data.max_tokens)
    found = last_checkpoint(job.out / "checkpoints")
    if found and processor:  # estimated tokens are never those that were trained on
        check_same(found, recipe, dataset)
    return planning.plan(recipe, config, dataset, available, bf16, processor is None)


def teach(job: Job) -> Taught | None:
    """Train the adapter, or go on with it, check it and save it; merge it if that is wanted.

    Of several processes only the first gives an answer. Raises as `ready` does, and what
    `Trainer.run` and `save_adapter` raise.
    """
    import torch
    from accelerate import Accelerator

    from mmusset.finetune.finish import merge
    from mmusset.finetune.learner import load_base
    from mmusset.training.world import pick_device

    made = ready(job)
    recipe = job.recipe
    device = pick_device(job.device)
    bf16 = _bf16(recipe, device)
    dtype = torch.bfloat16 if bf16 else torch.float32
    accelerator = Accelerator(cpu=device == "cpu", mixed_precision="bf16" if bf16 else "no")
    first = accelerator.is_main_process
    with locked(job.out) if first else nullcontext():
        learnt = _train(job, made, accelerator, dtype)
        if job.merge and first:
            job.shown.log(f"merging into {job.merge}")
            whole = recipe.model_copy(
                update={"train": recipe.train.model_copy(update={"quantize": "none"})}
            )
            base = load_base(whole, made.commit, "cpu", dtype)
            merge(base, job.out, made.processor, job.merge)
    accelerator.end_training()
    if not first:
        return None
    return Taught(
        adapter=str(job.out),
        merged=str(job.merge or ""),
        steps=learnt.steps,
        ended_early=learnt.early,
        samples=len(made.dataset.of("train")),
        validation_samples=len(made.dataset.of("validation")),
        too_long=made.dataset.too_long,
        base_loss=learnt.base_loss,
        loss=learnt.best.loss,
        best_step=learnt.best.step,
    )


def _bf16(recipe: FinetuneRecipe, device: str) -> bool:
    usual = "fp32" if device == "cpu" else "bf16"
    return (usual if recipe.train.precision == "auto" else recipe.train.precision) == "bf16"


def _train(job: Job, made: Ready, accelerator: Any, dtype: Any) -> "Learnt":
    """Train to the end, and save. A training that ended and is saved is not loaded again."""
    from mmusset.finetune.batch import batch_of
    from mmusset.finetune.curve import draw_curve
    from mmusset.finetune.finish import CURVE, save_adapter, save_card
    from mmusset.finetune.learner import adapted, load_base
    from mmusset.finetune.training import Trainer, ended

    if (done := ended(job.out, job.recipe, len(made.dataset.of("train")))) and _saved(job.out):
        return done
    job.shown.log(f"loading {job.recipe.base}")
    base = load_base(job.recipe, made.commit, str(accelerator.device), dtype)
    learner = adapted(base, job.recipe, made.commit)
    trainer = Trainer(
        job.recipe, job.out, made.dataset, made.processor, learner, accelerator, job.shown
    )
    learnt = trainer.run()
    if accelerator.is_main_process:
        trainer.take_best()
        samples = made.dataset.of("train")[:1]
        batch = batch_of(samples, made.processor, learner.base.model.get_rope_index)
        with accelerator.autocast():
            save_adapter(learner, job.recipe, job.out, batch.to(accelerator.device), learnt)
        assert trainer.log
        draw_curve(trainer.log.lines(), learnt.best.step, job.out / CURVE)
        save_card(job.recipe, job.out, learnt, _facts(made, trainer.parameters))
    accelerator.wait_for_everyone()
    return learnt


def _facts(made: Ready, parameters: int) -> "Facts":
    from mmusset.finetune.finish import Facts

    return Facts(
        commit=made.commit,
        samples=len(made.dataset.of("train")),
        held_out=len(made.dataset.of("validation")),
        chats=made.dataset.chats,
        too_long=made.dataset.too_long,
        left_out=dict(made.chats.left_out),
        writers=dict(made.chats.writers),
        parameters=parameters,
    )


def _saved(folder: Path) -> bool:
    """Whether all of a finished training is there: the recipe is written last."""
    from mmusset.finetune.finish import RECIPE

    return (folder / RECIPE).exists()


def _check_folder(folder: Path) -> None:
    """Raises Refused for a folder that holds anything but a training."""
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / "lock").exists())
    ):
        raise Refused(f"{folder} holds something else; give --out a new folder")


if __name__ == "__main__":
    sys.argv.insert(1, "finetune")
    runpy.run_module("mmusset", run_name="__main__")
