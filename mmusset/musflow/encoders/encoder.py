"""What every encoder does: images, texts or sounds to embeddings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from torch import Tensor

if TYPE_CHECKING:
    from PIL.Image import Image


class Encoder(Protocol):
    """What all encoders have in common."""

    identity: str
    """Changes with its weights: embeddings of two identities must not be mixed."""
    width: int


class ImageEncoder(Encoder, Protocol):
    def __call__(self, images: Sequence["Image"]) -> Tensor:
        """Embeddings `[B, width]` of RGB images."""
        ...


class TextEncoder(Encoder, Protocol):
    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Embeddings `[B, width]`."""
        ...


class SoundEncoder(Encoder, Protocol):
    rate_hz: int

    def __call__(self, sound: Tensor) -> Tensor:
        """Embeddings `[B, width]` of mono sound `[B, samples]` at `rate_hz`."""
        ...
