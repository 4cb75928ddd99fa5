"""What is asked of an evaluation."""

from collections.abc import Sequence
from pathlib import Path

from mmusset.errors import UsageError
from mmusset.frozen import Frozen
from mmusset.shards.reader import dataset_name

from .rows import slug

# Rows that a table has by itself.
TAKEN = (
    *("image", "story", "caption", "all three", "nothing", "audio", "video"),
    *("for another group", "real", "real through the codec", "nearest training clip"),
    *("shuffled frames", "noise", "silence"),
)


class EvaluationSettings(Frozen):
    """What is to be evaluated, and how. `checkpoint` "" is none; `sounds` are names with folders;
    `most` clips of the split, drawn by their keys, None for all."""

    data: str
    split: str = "test"
    checkpoint: str = ""
    sounds: tuple[tuple[str, str], ...] = ()
    seeds: int = 3
    ears: tuple[str, ...] = ()
    most: int | None = None
    device: str = "auto"
    ablate: bool = False

    def default_out(self) -> Path:
        """`music-musflow-evaluation`, here."""
        named = Path(self.checkpoint).resolve().name if self.checkpoint else dataset_name(self.data)
        return Path(f"{named}-evaluation")


def settings_of(
    data: str | None,
    checkpoint: Path | None,
    sounds: Sequence[str],
    split: str,
    seeds: int,
    most: int | None,
    ears: Sequence[str],
    ablate: bool,
    device: str,
) -> EvaluationSettings:
    """The settings of the command's options. Raises UsageError where they ask for nothing."""
    if data is None:
        raise UsageError("--data DATASET is missing: pictures, texts and real clips come from it")
    if checkpoint is None and not sounds:
        raise UsageError("nothing to evaluate: give --checkpoint, or --sounds NAME=FOLDER")
    if ablate and checkpoint is None:
        raise UsageError("--ablate needs --checkpoint: the training that parts are left out of")
    named: list[tuple[str, str]] = []
    for word in sounds:
        name, _, folder = word.partition("=")
        if not name or not folder:
            raise UsageError(f"--sounds takes NAME=FOLDER, not {word!r}")
        if slug(name) in {slug(other) for other, _ in named} | {slug(n) for n in TAKEN}:
            raise UsageError(f"--sounds: a row is named {name!r} already; take another name")
        named.append((name, folder))
    return EvaluationSettings(
        data=data,
        split=split,
        checkpoint=str(checkpoint or ""),
        sounds=tuple(named),
        seeds=seeds,
        ears=tuple(ears),
        most=most,
        device=device,
        ablate=ablate,
    )
