"""A CLIP opened: how near stories are to a picture."""

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.text import sentences

if TYPE_CHECKING:
    from torch import Tensor

    from mmusset.pretrained.embedding import PretrainedImage, PretrainedText

NEEDED = ("torch", "transformers")
DIGITS = 4  # of a cosine: beyond these it depends on the machine's arithmetic
STORIES_KEPT = 4096


def nearness(picture: Path, stories: Sequence[str], model: str) -> tuple[float, ...]:
    """The cosine of a stored picture's vector and that of each story.

    A CLIP reads 77 tokens, less than a story has: a story's vector is the mean of its sentences'.
    Raises MmussetError where the model can't be used.
    """
    import torch
    from PIL import Image

    sees, _ = _opened(model)
    with Image.open(picture) as image:
        seen = sees([image.convert("RGB")])[0]
    vectors = torch.stack([_vector(story, model) for story in stories])
    return tuple(round(cosine, DIGITS) for cosine in (vectors @ seen).tolist())


@lru_cache(STORIES_KEPT)
def _vector(story: str, model: str) -> "Tensor":
    _, reads = _opened(model)
    mean = reads([sentence.strip() for sentence in sentences(story)]).mean(dim=0)
    return mean / mean.norm()


@cache
def _opened(model: str) -> "tuple[PretrainedImage, PretrainedText]":
    import torch

    from mmusset.pretrained.embedding import PretrainedImage, PretrainedText

    torch.set_num_threads(1)  # the order of a sum is the same on any number of cores
    reads = PretrainedText("clip", model, "cpu")  # first: one that reads nothing is refused
    return PretrainedImage("clip", model, "cpu"), reads
