"""How sound becomes frames becomes latents: every length that the model knows, from one place."""

from dataclasses import dataclass
from typing import Any

from mmusset.errors import UsageError


@dataclass(frozen=True, slots=True)
class Geometry:
    """The sound that a model makes, and the mel frames and latent frames that stand for it.

    `squeeze` mel frames are one latent frame. `n_fft`, `hop` in samples.
    """

    rate_hz: int
    seconds: float
    n_fft: int
    hop: int
    mels: int
    squeeze: int
    latent_channels: int

    def __post_init__(self) -> None:
        if self.n_fft < self.hop:
            raise UsageError(f"n_fft {self.n_fft} is shorter than its hop {self.hop}")
        if self.latents < 1:
            raise UsageError(f"{self.seconds:g} s are less than one latent frame")

    @property
    def samples_per_latent(self) -> int:
        return self.hop * self.squeeze

    @property
    def latents(self) -> int:
        """Latent frames of a clip. What is left over of its end has no frame."""
        return int(self.seconds * self.rate_hz + 1e-6) // self.samples_per_latent

    @property
    def frames(self) -> int:
        """Mel frames of a clip."""
        return self.latents * self.squeeze

    @property
    def samples(self) -> int:
        """Samples of a clip that frames stand for."""
        return self.frames * self.hop

    def of_length(self, seconds: float) -> "Geometry":
        """The same for a clip of another length. Raises UsageError where nothing is left of it."""
        changed: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return Geometry(**changed | {"seconds": seconds})
