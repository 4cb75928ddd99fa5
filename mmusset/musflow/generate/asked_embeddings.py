"""The embeddings of what a request asks with."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmusset.errors import UsageError
from mmusset.musflow.encoders.encoders import Encoders
from mmusset.training.moving_picture import MovingPicture

from .requests import GenerationRequest

Floats = NDArray[np.float32]


def asked_embeddings(
    request: GenerationRequest,
    video: MovingPicture | None,
    audio: Floats | None,
    encoders: Encoders,
) -> dict[str, Tensor]:
    """Embeddings `[1, W]` of a request's image, or its video's, its texts, and the `audio`
    `[samples]` that it is to be like, if it is to be. Raises UsageError for what can't be read."""
    embeddings: dict[str, Tensor] = {}
    picture = request.picture() or (video.image if video else None)
    if picture is not None:
        embeddings["image"] = encoders.image([picture])
    for name, encoder in (("story", encoders.story), ("caption", encoders.caption)):
        text = getattr(request, name)
        if text:
            embeddings[name] = encoder([text])
            if not embeddings[name].any():
                raise UsageError(
                    f"{request.where}the model can't read a word of the {name} {text[:60]!r}"
                )
    if audio is not None:
        embeddings["audio"] = encoders.audio(torch.from_numpy(audio)[None])
    return embeddings
