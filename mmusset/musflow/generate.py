"""Music from what is asked: a trained model, opened once, and a piece for each question."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from mmusset.errors import MmussetError, Refused, UsageError

from .asked import MAX_SECONDS, Asked
from .cache import EMBEDDED, Manifest
from .checkpoint import load_checkpoint, newest
from .closest import Near, Neighbours
from .codec import Codec, open_codec
from .encoders import Encoders, open_encoders
from .licences import licences_of
from .model import MusFlow
from .recipe import MODALITIES, MusFlowRecipe, SamplerPart
from .run_folder import RunFolder
from .sampler import make
from .sound_file import peak_safe, write_sound


@dataclass(frozen=True, slots=True)
class Made:
    """A piece that was made. `turned_down_db` is what it was too loud by; `closest` are the
    training clips nearest to it, where that was asked, and `clips_nearest` how near the
    median training clip is to its own nearest."""

    out: str
    seconds: float
    rate_hz: int
    seed: int
    conditions: tuple[str, ...]
    peak_dbfs: float
    turned_down_db: float
    closest: tuple[Near, ...] = ()
    clips_nearest: float = 0.0

    def text(self) -> str:
        """For people."""
        told = ", ".join(self.conditions) or "nothing, so music of the model's own choice"
        lines = [
            f"{self.out}: {self.seconds:.2f} s at {self.rate_hz} Hz, from {told}, seed {self.seed},"
            f" peak {self.peak_dbfs:.1f} dBFS"
        ]
        if self.closest:
            lines += [f"  {near.similarity:.3f} like {near.key}" for near in self.closest]
            lines.append(f"  (a training clip's nearest other: {self.clips_nearest:.3f})")
        return "\n".join(lines)


class Composer:
    """A trained model with its codec and encoders.

    `checkpoint` is the folder of a training, or one of its checkpoints; `told` hears the
    licences of pretrained parts before they are loaded. Raises MmussetError where there is no
    checkpoint, Refused where codec or encoders are not those it was trained with.
    """

    def __init__(self, checkpoint: Path, device: str, told: Callable[[str], None]) -> None:
        self.path = _checkpoint_of(checkpoint)
        self.folder = RunFolder(self.path.parent.parent)
        self.device = device
        loaded = load_checkpoint(self.path)
        self.recipe = MusFlowRecipe.model_validate_json(loaded.recipe)
        self.manifest = Manifest.model_validate_json(loaded.manifest)
        self.frames = loaded.frames
        for model, licence in licences_of(self.recipe).items():
            told(f"{model}: licence {licence}")
        self.model = MusFlow(self.recipe, self.manifest).to(device).eval()
        self.model.load_state_dict(loaded.ema)
        self.codec: Codec = open_codec(self.recipe.codec, self.folder.codec, device)
        self.encoders: Encoders = open_encoders(self.recipe.encoders, device)
        self._check()
        self.identity = _sha256(self.path)[:16]

    @property
    def seconds(self) -> float:
        """How long the clips were that it was trained on, for the most part."""
        return self.frames * self.codec.samples_per_latent / self.codec.rate_hz

    def compose(self, asked: Asked, sampler: SamplerPart) -> Tensor:
        """The sound `[channels, samples]` that is asked for, as the codec gives it.

        Raises UsageError where it can't be asked for so.
        """
        seconds = asked.seconds or self.seconds
        samples = round(seconds * self.codec.rate_hz)
        frames = -(-samples // self.codec.samples_per_latent)
        if not 0 < seconds <= MAX_SECONDS or not frames:
            raise UsageError(f"--seconds must be over 0 and at most {MAX_SECONDS:g}")
        embeddings = self._embeddings(asked)
        present = torch.tensor([[name in embeddings for name in MODALITIES]], device=self.device)
        whole = {
            name: embeddings.get(name, torch.zeros(1, self.manifest.maker.widths[name])).to(
                self.device
            )
            for name in EMBEDDED
        }
        with torch.no_grad():
            aligned = self.model.alignment(whole)
        scales = [asked.guidance.get(name, sampler.guidance) for name in MODALITIES]
        latents = make(self.model, aligned, present, frames, sampler, asked.seed, scales)
        return self.codec.decode(latents, asked.seed)[0, :, :samples].cpu()

    def write(self, asked: Asked, sampler: SamplerPart) -> tuple[Made, Tensor]:
        """Compose a piece and write its file, marked as generated; the sound `[channels, samples]`
        beside it.

        Raises UsageError, and MmussetError where what comes out is no sound.
        """
        sound, turned_down_db = peak_safe(self.compose(asked, sampler))
        rate_hz = self.codec.rate_hz
        told = {
            "model": self.recipe.name,
            "checkpoint": self.identity,
            "seed": asked.seed,
            "sampler": sampler.model_dump(mode="json"),
            "guidance": asked.guidance,
            "image": _sha256(asked.image) if asked.image else "",
            "story": asked.story,
            "caption": asked.caption,
        }
        write_sound(asked.out, sound, rate_hz, told)
        peak = float(sound.abs().max())
        made = Made(
            out=str(asked.out),
            seconds=sound.shape[1] / rate_hz,
            rate_hz=rate_hz,
            seed=asked.seed,
            conditions=tuple(name for name in MODALITIES if getattr(asked, name)),
            peak_dbfs=20 * float(torch.tensor(max(peak, 1e-9)).log10()),
            turned_down_db=turned_down_db,
        )
        return made, sound

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
                    raise UsageError(f"--{name}: the model can't read a word of {text[:60]!r}")
        return found

    def _check(self) -> None:
        maker = self.manifest.maker
        if self.codec.identity != maker.codec:
            raise Refused(f"the codec in {self.folder.codec} is not the one it was trained with")
        if self.encoders.identities() != maker.encoders:
            raise Refused(f"the encoders are not those that {self.path} was trained with")


def pieces(
    composer: Composer, asked: Sequence[Asked], sampler: SamplerPart, closest: int
) -> Iterator[Made]:
    """Each piece when its file is written, with its `closest` nearest training clips."""
    neighbours = Neighbours(composer) if closest else None
    for each in asked:
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
    found = newest(RunFolder(path).checkpoints)
    if found is None:
        raise MmussetError(
            f"no checkpoint in {path}: give the folder that `mmusset train` wrote (--run)"
        )
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
