"""A whole fine-tuning, from samples to an adapter that is checked: `mmusset finetune`."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmusset.errors import Refused
from mmusset.progress import Progress
from mmusset.shards.reader import dataset_name
from mmusset.training.folder import TrainingFolder, locked

from .chats import CHATS, ChatDataset, read_chats
from .packing import PackedDataset, pack_chats
from .recipe import FinetuneRecipe

if TYPE_CHECKING:
    import torch

    from mmusset.training.world import World

    from .finish import AdapterFacts
    from .plan import FinetunePlan
    from .task import LoraOutcome, LoraTask


@dataclass(frozen=True, slots=True)
class FinetuneJob:
    """A fine-tuning to run. `merge` is a new folder for the merged model, if there is to be one."""

    data: tuple[str, ...]
    recipe: FinetuneRecipe
    out: Path
    merge: Path | None
    device: str  # auto, cpu or cuda
    progress: Progress

    @property
    def folder(self) -> TrainingFolder:
        return TrainingFolder(self.out)


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """All that is known before a weight is loaded."""

    config: Any
    commit: str
    processor: Any
    chats: ChatDataset
    dataset: PackedDataset


@dataclass(frozen=True, slots=True)
class FinetuneResult:
    """How a fine-tuning ended. Losses are nats a token on the validation samples."""

    adapter: str
    merged: str  # "" where it was not merged
    steps: int
    ended_early: bool
    samples: int
    validation_samples: int
    too_long: int
    writers: dict[str, int]
    left_out: dict[str, int]
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


def prepare(job: FinetuneJob) -> PreparedRun:
    """Read the samples, and the base's config and tokenizer; no weight.

    Raises UsageError, MmussetError and Refused for all that makes a training senseless.
    """
    from .finish import check_free
    from .learner import read_config, read_processor
    from .task import check_same, last_checkpoint

    _check_folder(job.out)
    if job.merge:
        check_free(job.merge)
    config, commit = read_config(job.recipe)
    chats = read_chats(job.data, job.recipe.data, job.recipe.base)
    job.progress.log(chats.text())
    processor = read_processor(job.recipe, commit)
    dataset = pack_chats(chats.chats, processor, job.recipe.data.max_tokens)
    if before := last_checkpoint(job.folder):
        check_same(before.task, job.recipe, dataset)
    return PreparedRun(config, commit, processor, chats, dataset)


def plan(job: FinetuneJob, card: float | None) -> "FinetunePlan":
    """What the training will need, on a GPU of `card` GiB or else on this machine's device.

    For a base in the table of published sizes nothing is fetched: without its tokenizer, tokens
    are estimated. Raises as `prepare` does.
    """
    from mmusset.training.memory import available_gib
    from mmusset.training.world import pick_device

    from . import plan as planning
    from .offline_base import EstimatedProcessor, local_processor, published_config
    from .task import check_same, last_checkpoint

    recipe = job.recipe
    device = "cuda" if card else pick_device(job.device)
    available, bf16 = card or available_gib(device), _bf16(recipe, device)
    config = published_config(recipe.base)
    if config is None:
        prepared = prepare(job)
        return planning.plan(recipe, prepared.config, prepared.dataset, available, bf16)
    _check_folder(job.out)
    processor = local_processor(recipe)
    chats = read_chats(job.data, recipe.data, recipe.base)
    job.progress.log(chats.text())
    dataset = pack_chats(chats.chats, processor or EstimatedProcessor(), recipe.data.max_tokens)
    before = last_checkpoint(job.folder)
    if before and processor:  # estimated tokens are never those that were trained on
        check_same(before.task, recipe, dataset)
    return planning.plan(recipe, config, dataset, available, bf16, processor is None)


def finetune(job: FinetuneJob) -> FinetuneResult | None:
    """Train the adapter, or go on with it, check it and save it; merge it if the job says so.

    Of several processes only the first gives an answer. Raises as `prepare` does, and what
    `task.train` and `save_adapter` raise.
    """
    from mmusset.training.world import join

    prepared = prepare(job)
    world = join(job.device)
    with locked(job.out) if world.is_main else nullcontext():
        outcome = _train(job, prepared, world)
        if job.merge and world.is_main:
            _merge(job, prepared, job.merge, world.device)
    world.leave()
    if not world.is_main:
        return None
    return FinetuneResult(
        adapter=str(job.out),
        merged=str(job.merge or ""),
        steps=outcome.steps,
        ended_early=outcome.early,
        samples=len(prepared.dataset.of("train")),
        validation_samples=len(prepared.dataset.of("validation")),
        too_long=prepared.dataset.too_long,
        writers=dict(prepared.chats.writers),
        left_out=dict(prepared.chats.left_out),
        base_loss=outcome.base_loss,
        loss=outcome.best.loss,
        best_step=outcome.best.step,
    )


def _train(job: FinetuneJob, prepared: PreparedRun, world: "World") -> "LoraOutcome":
    """Train to the end, and save. A training that ended and is saved is not loaded again."""
    from .learner import adapted, load_base
    from .task import LoraTask, outcome_of, train

    steps = job.recipe.train.steps(len(prepared.dataset.of("train")))
    if (outcome := outcome_of(job.folder, steps)) and _saved(job.out):
        return outcome
    job.progress.log(f"loading {job.recipe.base}")
    bf16 = _bf16(job.recipe, world.device)
    base = load_base(job.recipe, prepared.commit, world.device, _dtype(bf16))
    learner = adapted(base, job.recipe, prepared.commit)
    task = LoraTask(job.recipe, prepared.dataset, prepared.processor, learner, world, bf16)
    outcome = train(task, job.folder, job.progress)
    if world.is_main:
        _save(job, prepared, task, outcome)
    world.barrier()
    return outcome


def _save(
    job: FinetuneJob, prepared: PreparedRun, task: "LoraTask", outcome: "LoraOutcome"
) -> None:
    from .curve import draw_curve
    from .finish import CURVE, save_adapter, save_card

    with task.world.autocast(task.bf16):
        save_adapter(task.learner, job.recipe, job.out, task.example(), outcome)
    draw_curve(job.folder.log_lines(), outcome.best.step, job.out / CURVE)
    save_card(job.recipe, job.out, outcome, _card_facts(prepared, task.parameters))


def _merge(job: FinetuneJob, prepared: PreparedRun, folder: Path, device: str) -> None:
    from .finish import merge
    from .learner import load_base

    job.progress.log(f"merging into {folder}")
    # Whole weights, though the adapter may have been trained on a base in 4 bits.
    train = job.recipe.train.model_copy(update={"quantize": "none"})
    whole = job.recipe.model_copy(update={"train": train})
    dtype = _dtype(_bf16(job.recipe, device))
    merge(load_base(whole, prepared.commit, "cpu", dtype), job.out, prepared.processor, folder)


def _dtype(bf16: bool) -> "torch.dtype":
    import torch

    return torch.bfloat16 if bf16 else torch.float32


def _bf16(recipe: FinetuneRecipe, device: str) -> bool:
    usual = "fp32" if device == "cpu" else "bf16"
    return (usual if recipe.train.precision == "auto" else recipe.train.precision) == "bf16"


def _card_facts(prepared: PreparedRun, parameters: int) -> "AdapterFacts":
    from .finish import AdapterFacts

    return AdapterFacts(
        commit=prepared.commit,
        samples=len(prepared.dataset.of("train")),
        held_out=len(prepared.dataset.of("validation")),
        chats=prepared.dataset.chats,
        too_long=prepared.dataset.too_long,
        left_out=dict(prepared.chats.left_out),
        writers=dict(prepared.chats.writers),
        parameters=parameters,
    )


def _saved(folder: Path) -> bool:
    """Whether all of a finished training is there: the recipe is written last."""
    from .finish import RECIPE

    return (folder / RECIPE).exists()


def _check_folder(folder: Path) -> None:
    """Raises Refused for a folder that holds anything but a training."""
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / "lock").exists())
    ):
        raise Refused(f"{folder} holds something else; give --out a new folder")
