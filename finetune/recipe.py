"""The recipe of a fine-tuning: what is learnt from, through how large an adapter, and how."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mmusset.frozen import Count, Frozen, NotNegative, Positive, Share
from mmusset.json_text import canonical_json
from mmusset.speakers.adapter import SERVED_RANKS
from mmusset.training.recipe import TrainPart

Taught = Literal["captioner", "story_writer"]


class DataPart(Frozen):
    """What is taken of the samples."""

    agents: Annotated[tuple[Taught, ...], Field(min_length=1)] = ("captioner", "story_writer")
    # What is left out otherwise: texts of the offline grammar.
    include: tuple[Literal["offline"], ...] = ()
    # As speaker.max_pixels of a build, so that pictures are served as they were taught.
    max_pixels: Annotated[int, Field(ge=4 * 28 * 28)] = 256 * 28 * 28
    max_tokens: Count = 4096  # of a chat with its picture; a longer one is left out
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.1  # of groups, where no split is validation


class LoraPart(Frozen):
    """The adapter: `weight + scale * B @ A`, with A and B of `rank`."""

    rank: Annotated[int, Field(ge=1, le=SERVED_RANKS[-1])] = 8
    alpha: Positive = 16.0
    rslora: bool = False  # the scale is alpha / sqrt(rank), not alpha / rank (arXiv 2312.03732)
    dropout: Share = 0.05

    @property
    def scale(self) -> float:
        return self.alpha / (self.rank**0.5 if self.rslora else self.rank)


class LoraTrainPart(TrainPart):
    """How the adapter is trained, on packed samples: a picture with the chats of each agent."""

    epochs: Positive = 3.0
    batch: Count = 8  # samples in a step, over all processes
    micro_batch: Count = 1  # samples that are computed at once
    lr: Positive = 2e-4
    warmup: Share = 0.05  # of all steps
    weight_decay: NotNegative = 0.0
    checkpointing: bool = True  # layers are computed twice, and not kept
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # bf16 on a GPU, fp32 on a CPU
    quantize: Literal["none", "nf4"] = "none"  # the base in 4 bits; needs bitsandbytes
    validate_every: Count = 50
    save_every: Count = 50
    patience: Annotated[int, Field(ge=0)] = 3  # validations without a better loss; 0: to the end

    def steps(self, samples: int) -> int:
        """How many steps a training on so many samples has."""
        return max(1, math.ceil(self.epochs * samples / self.batch))


class FinetuneRecipe(Frozen):
    """A whole fine-tuning."""

    job: Literal["finetune"] = "finetune"
    name: str = "lora-r8"
    base: str = "Qwen/Qwen2-VL-2B-Instruct"  # a folder, or a name on the Hub
    revision: str = ""  # a branch or commit there; "" is the newest
    data: DataPart = DataPart()
    lora: LoraPart = LoraPart()
    train: LoraTrainPart = LoraTrainPart()

    @model_validator(mode="after")
    def agents_are_named_once(self) -> "FinetuneRecipe":
        if len(set(self.data.agents)) != len(self.data.agents):
            raise ValueError("data.agents names an agent twice")
        return self

    def canonical(self) -> str:
        """All that can change a weight, as canonical JSON."""
        loose = {"save_every"}
        data = self.model_dump(mode="json", exclude={"job": True, "name": True, "train": loose})
        return canonical_json(data)
