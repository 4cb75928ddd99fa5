"""How many samples are a mel frame, and how many mel frames a latent frame: all lengths."""

from dataclasses import dataclass
from typing import Any

from mmusset.errors import UsageError


@dataclass(frozen=True, slots=True)
class Geometry:
    """The lengths of a clip in samples, mel frames and latent frames.

    `n_fft` and `hop` are in samples; `squeeze` mel frames make one latent frame.
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
        """Latent frames of a clip; a remainder at its end has none."""
        # 1e-6: 2.01 s at 16 kHz are 32159.999... samples in floating point.
        return int(self.seconds * self.rate_hz + 1e-6) // self.samples_per_latent

    @property
    def frames(self) -> int:
        """Mel frames of a clip."""
        return self.latents * self.squeeze

    @property
    def samples(self) -> int:
        """Samples of a clip that its frames cover."""
        return self.frames * self.hop

    def of_length(self, seconds: float) -> "Geometry":
        """The same for a clip of another length. Raises UsageError where nothing is left of it."""
        changed: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return Geometry(**changed | {"seconds": seconds})
