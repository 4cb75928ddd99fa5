"""How long a piece gets, by what is asked and what is given."""

from dataclasses import dataclass

from mmusset.errors import UsageError

from .given_sound import GivenSound
from .requests import GenerationRequest

LEAST_VIDEO_S = 1.0  # a shorter video does not say how long its music is


@dataclass(frozen=True, slots=True)
class PieceLengths:
    """The lengths of pieces by a model whose training clips have so many seconds, at a rate."""

    clip_s: float
    rate_hz: int

    def samples(
        self, request: GenerationRequest, given: GivenSound | None, video_s: float = 0.0
    ) -> int:
        """The length of a piece. Raises UsageError where it is no longer than what is given."""
        if given is None:
            return round(self.alone_s(request, video_s) * self.rate_hz)
        length = given.sound.shape[1]
        if given.gap:
            return length
        samples = round(request.seconds * self.rate_hz)
        samples = samples or length + round(self.clip_s * self.rate_hz / 2)
        if samples <= length:
            raise UsageError(
                f"{request.where}{request.continued} is {length / self.rate_hz:.2f} s by itself:"
                " --seconds is the length of the whole, so give more"
            )
        return samples

    def longest_s(self, request: GenerationRequest, given: GivenSound | None) -> float:
        """How long a piece may get, whatever its video: so much of that is looked at."""
        if given is None:
            return request.seconds or self.clip_s
        return self.samples(request, given) / self.rate_hz

    def alone_s(self, request: GenerationRequest, video_s: float = 0.0) -> float:
        """The length of a piece that goes on from nothing: without `seconds` that of training
        clips, or of its video, if that is shorter and lasts a second."""
        if request.seconds or video_s < LEAST_VIDEO_S:
            return request.seconds or self.clip_s
        return min(self.clip_s, video_s)
