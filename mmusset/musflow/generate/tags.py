"""What a piece's file says of how it was generated: enough to generate it again."""

from collections.abc import Mapping
from typing import Any

from mmusset.files import file_sha256
from mmusset.musflow.recipe import MODALITIES, SamplerPart

from .requests import GenerationRequest


def tags(
    request: GenerationRequest, by: Mapping[str, str], seconds: float, sampler: SamplerPart
) -> dict[str, Any]:
    """The tags of a piece of `seconds`; `by` says which model made it."""
    asked = {
        **by,
        "seed": request.seed,
        "bpm": request.bpm,
        "seconds": seconds,
        "sampler": sampler.model_dump(mode="json"),
        "guidance": {
            name: scale
            for name, scale in request.guidance.items()
            if name in MODALITIES or name in request.conditions
        },
        "conditions": list(request.conditions),
        "image_sha256": file_sha256(request.image) if request.image else "",
        "story": request.story,
        "caption": request.caption,
    }
    # Only where there are any: pieces of before stay the same pieces.
    if request.without:
        asked["without"] = request.without
    if request.continued:
        asked["continued_sha256"] = file_sha256(request.continued)
        asked["fill"] = request.fill
    for name, file in (("audio", request.audio), ("video", request.video)):
        if file:
            asked[f"{name}_sha256"] = file_sha256(file)
    return asked
