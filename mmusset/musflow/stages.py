"""A whole training, stage by stage: codec, encode, flow. Each finds what was done before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .bundled_codec import collect, fit, save_bundled
from .cache import Cache
from .codec import Codec, open_codec
from .encode import encode_shards, finish_cache, maker_of, mono_sounds
from .encoders import open_encoders
from .licences import licences_of
from .listen import Listener
from .live import LiveShards
from .progress import Progress
from .ranks import Ranks
from .reader import shards_of
from .recipe import MusFlowRecipe
from .rows import Rows
from .run_folder import RunFolder
from .train import train
from .validate import Validation

Stage = Literal["codec", "encode", "flow"]


@dataclass(frozen=True, slots=True)
class Training:
    """What is to be trained, on which shards, where, and by which processes."""

    source: str
    recipe: MusFlowRecipe
    folder: RunFolder
    ranks: Ranks
    shown: Progress
    cached: bool = True


@dataclass(frozen=True, slots=True)
class Summary:
    """Where a training is, and what came of it."""

    folder: str
    stage: Stage
    step: int = 0
    loss: float = 0.0
    validation: Validation | None = None

    def text(self) -> str:
        """For people."""
        if self.stage != "flow":
            return f"{self.stage} done in {self.folder}"
        lines = [f"trained {self.step} steps in {self.folder}, loss {self.loss:.3f}"]
        if self.validation:
            lines.append(f"validation loss {self.validation.usual.text()}")
            lines.append(f"near the noise  {self.validation.near_noise.text()}")
        lines.append(f'next: mmusset generate --checkpoint {self.folder} --caption "..."')
        return "\n".join(lines)


def run(training: Training, until: Stage = "flow") -> Summary:
    """Carry a training on to the end of a stage.

    Raises MmussetError, in its many kinds, where the shards, the recipe or the folder are
    not such that it can be.
    """
    named = str(training.folder.path)
    shards_of(training.source)  # before anything is made
    show_licences(training.recipe, training.shown.told)
    training.folder.path.mkdir(parents=True, exist_ok=True)
    codec = ready_codec(training)
    if until == "codec":
        return Summary(named, until)
    rows, validation = ready_rows(training, codec)
    if until == "encode":
        return Summary(named, until)
    recipe, ranks = training.recipe, training.ranks
    listener = Listener(
        training.folder.heard, validation, codec, recipe.sampler, recipe.train.seed, ranks.device
    )
    trained = train(recipe, training.folder, rows, validation, ranks, training.shown, listener)
    loss = trained.last.loss if trained.last else 0.0
    return Summary(named, until, trained.step, loss, trained.validation)


def show_licences(recipe: MusFlowRecipe, told: Callable[[str], None]) -> None:
    """Say whose weights will be loaded, before they are. Raises MmussetError where one is away."""
    for model, licence in licences_of(recipe).items():
        told(f"{model}: licence {licence}")


def ready_codec(training: Training) -> Codec:
    """The recipe's codec; the bundled one is fitted where it was not yet."""
    part, ranks = training.recipe.codec, training.ranks
    fitted = training.folder.codec / "codec.json"
    if part.kind == "bundled" and not fitted.exists() and ranks.first:
        _fit(training)
    ranks.wait()
    return open_codec(part, training.folder.codec, ranks.device)


def ready_rows(training: Training, codec: Codec) -> tuple[Rows, Rows]:
    """The clips to train on and those to validate on, encoded where they were not yet."""
    source, folder, ranks, shown = (
        training.source,
        training.folder.cache,
        training.ranks,
        training.shown,
    )
    encoders = open_encoders(training.recipe.encoders, ranks.device)
    if not training.cached:
        seed = training.recipe.train.seed
        return (
            LiveShards(source, "train", codec, encoders, seed, ranks.device),
            LiveShards(source, "validation", codec, encoders, seed, ranks.device),
        )

    def told(done: int, total: int) -> None:
        if not done:
            shown.stage("encoding shards", total)
        shown.step(done)

    made = encode_shards(
        source, folder, codec, encoders, told, ranks.device, ranks.rank, ranks.count
    )
    ranks.wait()
    if ranks.first:
        manifest = finish_cache(source, folder, codec, encoders)
        clips = ", ".join(f"{count} {split}" for split, count in sorted(manifest.clips.items()))
        shown.told(f"cache: {clips} clips ({made} made now), {len(manifest.bad)} unusable")
        for where, why in list(manifest.bad.items())[:5]:
            shown.told(f"  {where}: {why}")
    ranks.wait()
    maker = maker_of(codec, encoders)
    return Cache(folder, "train", maker), Cache(folder, "validation", maker)


def _fit(training: Training) -> None:
    part, shown = training.recipe.codec, training.shown
    shown.stage("codec", part.steps)
    sounds = collect(mono_sounds(training.source, part.rate_hz), part.rate_hz)

    def told(done: int, error_db: float) -> None:
        shown.step(done, f"error {error_db:.2f} dB")

    seed, device = training.recipe.train.seed, training.ranks.device
    vae, error_db = fit(part, sounds, seed, device, told)
    save_bundled(vae, part, training.folder.codec)
    shown.told(f"codec: log-mels come back within {error_db:.2f} dB, on clips it did not see")
