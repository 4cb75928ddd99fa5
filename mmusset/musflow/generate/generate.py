"""Music from what is asked: a trained model, opened once, and a piece for each question."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmusset.errors import MmussetError, Refused, UsageError
from mmusset.files import file_sha256
from mmusset.musflow.codecs.codec import Codec, open_codec
from mmusset.musflow.data.cache import EMBEDDED, Manifest
from mmusset.musflow.encoders.encoders import Encoders, open_encoders
from mmusset.musflow.licences import show_licences
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.model.sampler import make
from mmusset.musflow.recipe import MODALITIES, MusFlowRecipe, SamplerPart
from mmusset.musflow.training.checkpoint import load_checkpoint
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.training.checkpoint import newest

from .asked import Asked
from .closest import Near, Neighbours
from .sound_file import hash_in, hash_of, peak_safe, write_sound


@dataclass(frozen=True, slots=True)
class Made:
    """A piece that was made. `turned_down_db` is what it was too loud by; `closest` are the
    training clips nearest to it, where that was asked, and `clips_nearest` how near the
    median training clip is to its own nearest, if there are several."""

    out: str
    seconds: float
    rate_hz: int
    seed: int
    conditions: tuple[str, ...]
    peak_dbfs: float
    turned_down_db: float
    closest: tuple[Near, ...] = ()
    clips_nearest: float | None = None

    def text(self) -> str:
        """For people."""
        told = ", ".join(self.conditions) or "nothing, so music of the model's own choice"
        lines = [
            f"{self.out}: {self.seconds:.2f} s at {self.rate_hz} Hz, from {told}, seed {self.seed},"
            f" peak {self.peak_dbfs:.1f} dBFS"
        ]
        if self.turned_down_db:
            lines[0] += f", turned down by {self.turned_down_db:.1f} dB"
        lines += [f"  {near.similarity:.3f} like {near.key}" for near in self.closest]
        if self.clips_nearest is not None:
            lines.append(f"  (a training clip's nearest other: {self.clips_nearest:.3f})")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Aligned embeddings `[1, M, E]` of what is asked, and which are `present` `[1, M]`."""

    aligned: Tensor
    present: Tensor


class Composer:
    """A trained model with its codec and encoders.

    `checkpoint` is the folder of a training, or one of its checkpoints; `told` hears what the
    user should know: the licences of pretrained parts, before they are loaded. Raises
    MmussetError where there is no checkpoint, Refused where codec or encoders are not those
    it was trained with.
    """

    def __init__(self, checkpoint: Path, device: str, told: Callable[[str], None]) -> None:
        self.told = told
        self.path = _checkpoint_of(checkpoint)
        self.folder = RunFolder(self.path.absolute().parent.parent)
        self.device = device
        loaded = load_checkpoint(self.path)
        self.recipe = MusFlowRecipe.model_validate_json(loaded.recipe)
        self.manifest = Manifest.model_validate_json(loaded.manifest)
        self.frames = loaded.frames
        show_licences(self.recipe, told)
        self.model = MusFlow(self.recipe, self.manifest).to(device).eval()
        self.model.load_state_dict(loaded.ema)
        self.codec: Codec = open_codec(self.recipe.codec, self.folder.codec, device)
        self.encoders: Encoders = open_encoders(self.recipe.encoders, device)
        self._check()
        self.identity = file_sha256(self.path)[:16]

    @property
    def seconds(self) -> float:
        """How long the clips were that it was trained on, for the most part."""
        return self.frames * self.codec.samples_per_latent / self.codec.rate_hz

    @torch.no_grad()
    def conditions(self, asked: Asked) -> Conditions:
        """What the model is told. Raises UsageError for what it can't see or read."""
        found = self._embeddings(asked)
        widths = self.manifest.maker.widths
        whole = {name: found.get(name, torch.zeros(1, widths[name])) for name in EMBEDDED}
        aligned = self.model.alignment({n: value.to(self.device) for n, value in whole.items()})
        present = torch.tensor([[name in found for name in MODALITIES]], device=self.device)
        return Conditions(aligned, present)

    def compose(self, asked: Asked, sampler: SamplerPart) -> Tensor:
        """The sound `[channels, samples]` that is asked for, as the codec gives it.

        Raises UsageError for what the model can't see or read.
        """
        conditions = self.conditions(asked)
        samples = round((asked.seconds or self.seconds) * self.codec.rate_hz)
        frames = -(-samples // self.codec.samples_per_latent)
        latents = make(
            self.model,
            conditions.aligned,
            conditions.present,
            frames,
            sampler,
            asked.seed,
            [asked.guidance.get(name, sampler.guidance) for name in MODALITIES],
        )
        return self.codec.decode(latents, asked.seed)[0, :, :samples].cpu()

    def write(self, asked: Asked, sampler: SamplerPart) -> tuple[Made, Tensor]:
        """Compose a piece and write its file, marked as generated; the sound `[channels, samples]`
        beside it.

        Raises UsageError as `compose` does, and MmussetError where what comes out is no sound,
        or a file is there by now.
        """
        sound, turned_down_db = peak_safe(self.compose(asked, sampler))
        rate_hz = self.codec.rate_hz
        if asked.out.exists():
            raise MmussetError(f"{asked.out} is there by now; name another with --out")
        write_sound(asked.out, sound, rate_hz, self.tags(asked, sampler))
        made = Made(
            out=str(asked.out),
            seconds=sound.shape[1] / rate_hz,
            rate_hz=rate_hz,
            seed=asked.seed,
            conditions=asked.conditions,
            peak_dbfs=20 * math.log10(max(float(sound.abs().max()), 1e-9)),
            turned_down_db=turned_down_db,
        )
        return made, sound

    def tags(self, asked: Asked, sampler: SamplerPart) -> dict[str, Any]:
        """What a piece's file says of how it was made: with it, it can be made again."""
        return {
            "model": self.recipe.name,
            "checkpoint": self.identity,
            "seed": asked.seed,
            "seconds": asked.seconds or self.seconds,
            "sampler": sampler.model_dump(mode="json"),
            "guidance": asked.guidance,
            "conditions": list(asked.conditions),
            "image_sha256": file_sha256(asked.image) if asked.image else "",
            "story": asked.story,
            "caption": asked.caption,
        }

    def _embeddings(self, asked: Asked) -> dict[str, Tensor]:
        """Of what is asked. Raises UsageError for a text without a word that can be read."""
        found: dict[str, Tensor] = {}
        picture = asked.picture()
        if picture is not None:
            found["image"] = self.encoders.image([picture])
        for name, encoder in (("story", self.encoders.story), ("caption", self.encoders.caption)):
            text = getattr(asked, name)
            if text:
                found[name] = encoder([text])
                if not found[name].any():
                    raise UsageError(
                        f"{asked.where}the model can't read a word of the {name} {text[:60]!r}"
                    )
        return found

    def _check(self) -> None:
        maker = self.manifest.maker
        if self.codec.identity != maker.codec:
            raise Refused(
                f"the codec in {self.folder.codec} is not the one that {self.path} was trained"
                " with; put that one back, or train into another folder (--out)"
            )
        if self.encoders.identities() != maker.encoders:
            raise Refused(
                f"the encoders are not those that {self.path} was trained with; train again,"
                " into another folder (--out)"
            )


def pieces(
    composer: Composer, asked: Sequence[Asked], sampler: SamplerPart, closest: int
) -> Iterator[Made]:
    """Each piece when its file is written, with its `closest` nearest training clips.

    All that is asked is looked at before the first is made. Files that are there already
    stay, where they are the same pieces.
    """
    neighbours = Neighbours(composer) if closest else None
    left = [each for each in asked if not _there(composer, each, sampler)]
    for each in left:
        composer.conditions(each)
    for each in left:
        each.out.parent.mkdir(exist_ok=True)
        made, sound = composer.write(each, sampler)
        if neighbours:
            near = tuple(neighbours.of(sound, closest))
            made = replace(made, closest=near, clips_nearest=neighbours.usual)
        yield made


def with_steps(sampler: SamplerPart, steps: int | None, method: str | None) -> SamplerPart:
    """A sampler with another number of steps or another method, where they are given."""
    changed = {"steps": steps, "method": method}
    return SamplerPart.model_validate(
        sampler.model_dump() | {name: value for name, value in changed.items() if value}
    )


def _checkpoint_of(path: Path) -> Path:
    if path.is_file():
        return path
    found = newest(RunFolder(path).checkpoints) or newest(path)
    if found is None:
        raise MmussetError(
            f"no checkpoint in {path}: give the folder that `mmusset train` wrote (--out)"
        )
    return found


def _there(composer: Composer, asked: Asked, sampler: SamplerPart) -> bool:
    """Whether this very piece was made before. Raises MmussetError where its file is another."""
    if not asked.out.exists():
        return False
    if hash_in(asked.out) != hash_of(composer.tags(asked, sampler)):
        raise MmussetError(
            f"{asked.where}{asked.out} is there already, and is not this piece;"
            " name another folder with --out"
        )
    composer.told(f"{asked.out} is there already, and stays")
    return True
