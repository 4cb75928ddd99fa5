"""What makes music for a build's pictures: MusFlow, opened where the recipe says `generate`."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import Unusable, UsageError
from .installed import check_installed
from .recipe_parts.media import MusicPart
from .safe_text import first_line

if TYPE_CHECKING:
    from .musflow.generate.generator import MusicGenerator


def composer_of(part: MusicPart, log: Callable[[str], None]) -> "MusFlowComposer | None":
    """The composer that a recipe asks for, None where music is of files alone.

    `log` is called with the licences of pretrained parts. Raises MmussetError where there is no
    such checkpoint, or no torch.
    """
    if part.source == "files":
        return None
    checkpoint = Path(part.checkpoint)
    if not checkpoint.exists():
        raise UsageError(f"music.checkpoint: there is no {checkpoint}; `mmusset train` makes one")
    check_installed("MusFlow")
    from .musflow.generate.generator import MusicGenerator
    from .training.world import pick_device

    return MusFlowComposer(MusicGenerator(checkpoint, pick_device(part.device), log))


class MusFlowComposer:
    """MusFlow, as a build asks it for music."""

    def __init__(self, composer: "MusicGenerator") -> None:
        self._composer = composer
        self.name = f"{composer.recipe.name} {composer.identity}"

    def compose(self, picture: Path, story: str, seconds: float, seed: int, out: Path) -> None:
        """Write music for a picture and its story, at least `seconds` long.

        Raises Unusable where the model can't use them.
        """
        from .musflow.generate.requests import GenerationRequest

        # Whole samples, so that the clip is never a fraction of one short.
        rate_hz = self._composer.codec.rate_hz
        whole_s = math.ceil(seconds * rate_hz) / rate_hz
        try:
            self._composer.write(
                GenerationRequest(out, picture, story, seconds=whole_s, seed=seed),
                self._composer.recipe.sampler,
            )
        except UsageError as error:
            raise Unusable("no music can be made for it", first_line(str(error))) from None
