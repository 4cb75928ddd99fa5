"""The embeddings of what a request asks with."""

import torch
from torch import Tensor

from mmusset.errors import UsageError
from mmusset.musflow.encoders.encoder import SoundEncoder
from mmusset.musflow.encoders.encoders import Encoders
from mmusset.training.moving_picture import MovingPicture

from .given_sound import mono_of_file
from .requests import GenerationRequest


def asked_embeddings(
    request: GenerationRequest, video: MovingPicture | None, encoders: Encoders, heard_s: float
) -> dict[str, Tensor]:
    """Embeddings `[1, W]` of a request's image, or its video's, its texts, and its sound, of which
    the first `heard_s` seconds are heard. Raises UsageError for what can't be read."""
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
    if request.audio:
        embeddings["audio"] = _heard(request, encoders.audio, heard_s)
    return embeddings


def _heard(request: GenerationRequest, encoder: SoundEncoder, seconds: float) -> Tensor:
    assert request.audio
    sound = mono_of_file(request.audio, encoder.rate_hz, request.where)
    return encoder(torch.from_numpy(sound[: round(seconds * encoder.rate_hz)])[None])
