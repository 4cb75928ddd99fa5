"""What becomes of a trained adapter: checked, saved with its card and recipe, merged."""

import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from torch import Tensor

from mmusset.errors import MmussetError, Refused
from mmusset.files import PARTIAL, sync_folder, write_bytes_durably
from mmusset.speakers.adapter import CONFIG, WEIGHTS, check_adapter, read_adapter

from .batch import PackedBatch
from .learner import ADAPTER, Learner
from .recipe import FinetuneRecipe
from .task import LoraOutcome

CARD, RECIPE, CURVE = "README.md", "recipe.yaml", "loss.png"
RELOADED = "reloaded"


@dataclass(frozen=True, slots=True)
class AdapterFacts:
    """What a card tells beside the recipe."""

    commit: str
    samples: int
    held_out: int
    chats: int
    too_long: int
    left_out: dict[str, int]
    writers: dict[str, int]
    parameters: int


def save_adapter(
    learner: Learner, recipe: FinetuneRecipe, folder: Path, batch: PackedBatch, outcome: LoraOutcome
) -> None:
    """Write the adapter into a folder, as PEFT does, when it is one that can be served.

    Raises MmussetError where a vLLM server would refuse it, and where the saved adapter,
    loaded again, says other than the trained one, or nothing new after a training that learnt.
    """
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        learner.model.save_pretrained(scratch, selected_adapters=[ADAPTER])
        check_adapter(read_adapter(Path(scratch)), recipe.base)
        _check_logits(learner, Path(scratch), batch, outcome)
        # The config last: without it a folder is no adapter.
        for name in (WEIGHTS, CONFIG):
            write_bytes_durably(folder / name, Path(scratch, name).read_bytes(), "adapter")


def save_card(
    recipe: FinetuneRecipe, folder: Path, outcome: LoraOutcome, facts: AdapterFacts
) -> None:
    """Write the adapter's README.md and the recipe that made it."""
    local = Path(recipe.base).exists()
    text = _card(
        recipe=recipe,
        name=folder.resolve().name,
        base=Path(recipe.base).resolve().name if local else recipe.base,
        hub=not local,
        outcome=outcome,
        facts=facts,
        fall=1 - outcome.best.loss / outcome.base_loss,
    )
    written = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)
    # The recipe last: with it the training is whole.
    write_bytes_durably(folder / CARD, text.encode(), "card")
    write_bytes_durably(folder / RECIPE, written.encode(), "recipe")


def check_free(folder: Path) -> None:
    """Raises Refused where a merged model would be written over something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is there already; give --merge a new folder")


def merge(base: Any, adapter: Path, processor: Any, folder: Path) -> None:
    """Write the base, with the adapter's change added to its weights, into a new folder.

    `base` is in full precision or bf16, never in 4 bits: what is added would be rounded away.
    """
    from peft import PeftModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    check_free(folder)
    merged = PeftModel.from_pretrained(base, str(adapter)).merge_and_unload()
    partial = folder.with_name(folder.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    merged.save_pretrained(partial)
    processor.save_pretrained(partial)
    sync_folder(partial)
    if folder.exists():
        folder.rmdir()
    partial.replace(folder)
    sync_folder(folder.resolve().parent)


def _check_logits(learner: Learner, saved: Path, batch: PackedBatch, outcome: LoraOutcome) -> None:
    """Adapters have been saved that load without an error and change nothing (facts)."""
    trained = _logits(learner, batch)
    learner.model.load_adapter(str(saved), adapter_name=RELOADED)
    learner.model.set_adapter(RELOADED)
    reloaded = _logits(learner, batch)
    with learner.model.disable_adapter():
        plain = _logits(learner, batch)
    learner.model.set_adapter(ADAPTER)
    learner.model.delete_adapter(RELOADED)
    scale = float(trained.abs().max())
    if not math.isfinite(scale):
        raise MmussetError("the adapter's logits are not finite: lower train.lr, in another --out")
    off = float((trained - reloaded).abs().max())
    if off > 1e-2 * scale:
        raise MmussetError(
            f"the saved adapter does not say what was trained (logits off by {off:.2g})"
        )
    if outcome.best.step and not float((trained - plain).abs().max()) > 0:
        raise MmussetError("the adapter changes nothing that the base says: nothing was learnt")


def _logits(learner: Learner, batch: PackedBatch) -> Tensor:
    learner.eval()
    with torch.no_grad():
        return learner.logits(batch).float()


def _card(**facts: Any) -> str:
    environment = Environment(
        loader=PackageLoader("mmusset.finetune", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("card.md").render(**facts)
