"""What a checkpoint makes of a split's conditions: a file for each clip and seed, made once."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.errors import Refused
from mmusset.files import write_bytes_durably
from mmusset.json_text import canonical_json

from .clips import Reference, ReferenceClip
from .sounds import write_control

if TYPE_CHECKING:
    from mmusset.musflow.generate.generator import MusicGenerator
    from mmusset.musflow.generate.requests import GenerationRequest
    from mmusset.musflow.recipe import ConditionName, SamplerPart

TIMES = "times.json"

Files = tuple[dict[str, Path], ...]  # by seed, by the key of the clip
Tick = Callable[[], None]


def make_row(
    generator: "MusicGenerator",
    clips: Sequence[ReferenceClip],
    told: "Sequence[ConditionName]",
    seeds: int,
    folder: Path,
    sampler: "SamplerPart",
    tick: Tick,
) -> Files:
    """A sound for some of each clip's conditions, with each seed, as `mmusset generate` makes it.

    What lies in the folder already stays, if it is the same. Raises Refused where it is another.
    """
    from mmusset.musflow.sound.sound_file import hash_in, hash_of

    folder.mkdir(parents=True, exist_ok=True)
    times = times_of(folder)
    by_seed: list[dict[str, Path]] = []
    for seed in range(seeds):
        files = {}
        for clip in clips:
            request = _request(clip, told, seed, folder, generator.seconds)
            files[clip.key] = request.out
            if not request.out.exists():
                begun_s = time.monotonic()
                generator.write(request, sampler)
                times[request.out.name] = time.monotonic() - begun_s
                _keep(folder, times)
            elif hash_in(request.out) != hash_of(generator.tags(request, sampler)):
                raise Refused(
                    f"{request.out} was made by another checkpoint or with other settings; name"
                    " another folder with --out"
                )
            tick()
        by_seed.append(files)
    return tuple(by_seed)


def through_codec(
    generator: "MusicGenerator", reference: Reference, folder: Path, tick: Tick
) -> Files:
    """The real clips as the checkpoint's codec gives them back."""
    from .sounds import read_sound

    files = {}
    for clip in reference.clips:
        files[clip.key] = out = folder / f"{clip.key}-0.flac"
        if not out.exists():
            window = reference.window
            sound = generator.through_codec(read_sound(clip.sound, window), window.rate_hz)
            write_control(out, sound.T.numpy(), generator.codec.rate_hz)
        tick()
    return (files,)


def times_of(folder: Path) -> dict[str, float]:
    """How many seconds each file of a folder took to make, as far as it is known."""
    file = folder / TIMES
    return dict(json.loads(file.read_text())) if file.exists() else {}


def seed_of(key: str, seed: int) -> int:
    """A clip's own noise: from one for all, the same things would happen at the same places in all
    of them. The same for all conditions, so that they differ by these alone."""
    return int.from_bytes(hashlib.sha256(f"{seed} {key}".encode()).digest()[:6])


def _request(
    clip: ReferenceClip,
    told: "Sequence[ConditionName]",
    seed: int,
    folder: Path,
    seconds: float,
) -> "GenerationRequest":
    """`seconds` are asked for with a video, whose frames may be of fewer."""
    from mmusset.musflow.generate.requests import GenerationRequest

    return GenerationRequest(
        out=folder / f"{clip.key}-{seed}.flac",
        image=clip.picture if "image" in told else None,
        story=clip.story if "story" in told else "",
        caption=clip.caption if "caption" in told else "",
        audio=clip.sound if "audio" in told else None,
        video=clip.video if "video" in told else None,
        seconds=seconds if "video" in told else 0.0,
        seed=seed_of(clip.key, seed),
    )


def _keep(folder: Path, times: dict[str, float]) -> None:
    write_bytes_durably(folder / TIMES, canonical_json(times).encode(), "evaluation")
