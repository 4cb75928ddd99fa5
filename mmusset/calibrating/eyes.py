"""A CLIP calibrated on pictures with their stories: its card, made and kept.

from mmusset.calibrating.eyes import calibrate
card = calibrate(Path("pictures"), recipe, Path("my-card"), print)
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmusset.bounded import MOST_TEXT, read_bounded
from mmusset.ears.card_folder import write_card
from mmusset.errors import MmussetError, Unread, Unusable, UsageError
from mmusset.eyes.card import EyeCard, KnownPicture, card_of
from mmusset.eyes.eye import version_of
from mmusset.recipe import Recipe
from mmusset.safe_text import show_path
from mmusset.shards.manifest import MANIFEST, read_manifest
from mmusset.shards.mirror import name_of
from mmusset.shards.shard_files import shard_files
from mmusset.shards.tar import read_shard
from mmusset.temporary_folder import TemporaryFolder

if TYPE_CHECKING:
    from mmusset.builder.decoding.sandbox import Sandbox

PICTURES = (".jpeg", ".jpg", ".png", ".webp")
OTHERS = 10  # stories of other pictures, for each
Log = Callable[[str], None]


def calibrate(folder: Path, recipe: Recipe, out: Path, log: Log) -> EyeCard:
    """Have `pairing.clip` compare pictures with their own stories and those of others, and write
    its card into `out`.

    The folder is a finished dataset, or one of pictures with a text of the same name beside each.
    Raises UsageError where the recipe names no CLIP or nothing follows from these pictures,
    MmussetError where the model can't be used.
    """
    if not recipe.pairing.clip:
        raise UsageError("name the CLIP: --set pairing.clip=FOLDER, or a name in the Hub's cache")
    model = version_of(recipe.pairing.clip)
    pictures = asyncio.run(_compared(folder, recipe, log))
    card = card_of(model, f"{len(pictures)} pictures in {Path(name_of(folder)).name}", pictures)
    write_card(out, card)
    return card


async def _compared(folder: Path, recipe: Recipe, log: Log) -> list[KnownPicture]:
    from mmusset.builder.decoding.sandbox import Sandbox

    with TemporaryFolder() as passing:
        async with Sandbox(recipe.limits) as sandbox:
            if (folder / MANIFEST).is_file():
                pairs = list(_of_dataset(folder, Path(passing)))
            else:
                pairs = await _of_folder(folder, Path(passing), sandbox, recipe, log)
            if len(pairs) <= OTHERS:
                raise UsageError(
                    f"{folder} has {len(pairs)} pictures with stories: give a finished dataset, or"
                    " a folder of pictures (x.jpg) with a story beside each (x.txt)"
                )
            return [await _known(pairs, place, sandbox, recipe) for place in range(len(pairs))]


async def _known(
    pairs: Sequence[tuple[Path, str]], place: int, sandbox: "Sandbox", recipe: Recipe
) -> KnownPicture:
    """How near a picture's own story is, and those of others, evenly spread over all."""
    from mmusset.builder.decoding.tasks import CompareTask

    picture, story = pairs[place]
    step = (len(pairs) - 1) / OTHERS
    others = [pairs[(place + 1 + int(n * step)) % len(pairs)][1] for n in range(OTHERS)]
    task = CompareTask(
        picture=os.fsencode(picture), stories=(story, *others), model=recipe.pairing.clip
    )
    own, *rest = (await sandbox.compare(task)).cosines
    return KnownPicture(own, tuple(rest))


def _of_dataset(out: Path, passing: Path) -> Iterator[tuple[Path, str]]:
    """The pictures and stories of a dataset, each picture once."""
    import hashlib
    import tarfile

    seen, files = set[str](), shard_files(out)
    try:
        for shard in read_manifest(out).shards:
            path = files.path(shard.name, shard.sha256)
            for key, members in read_shard(path, ("image.jpg", "story.txt")):
                sha256 = hashlib.sha256(members["image.jpg"]).hexdigest()
                if sha256 not in seen:
                    seen.add(sha256)
                    picture = passing / f"{key}.jpg"
                    picture.write_bytes(members["image.jpg"])
                    yield picture, members["story.txt"].decode()
    except (OSError, ValueError, tarfile.TarError) as error:
        raise MmussetError(f"{out} can't be read ({error}); `mmusset verify` shows more") from None


async def _of_folder(
    folder: Path, passing: Path, sandbox: "Sandbox", recipe: Recipe, log: Log
) -> list[tuple[Path, str]]:
    """The pictures of a folder that have a story beside them; those that can't be used are named
    and left out."""
    files = [path for path in sorted(folder.glob("*")) if path.suffix.lower() in PICTURES]
    stems = [path for path in files if path.with_suffix(".txt").is_file()]
    found = [await _stored(path, passing, sandbox, recipe, log) for path in stems]
    return [each for each in found if each]


async def _stored(
    path: Path, passing: Path, sandbox: "Sandbox", recipe: Recipe, log: Log
) -> tuple[Path, str] | None:
    from mmusset.builder.decoding.tasks import FeelTask

    stem = passing / path.stem
    task = FeelTask(
        file=os.fsencode(path),
        is_picture=True,
        clip=recipe.clip,
        image=recipe.image,
        stem=os.fsencode(stem),
    )
    try:
        await sandbox.feel(task)
        story = read_bounded(path.with_suffix(".txt"), MOST_TEXT).decode().strip()
    except (OSError, UnicodeDecodeError, Unusable, Unread) as error:
        log(f"{show_path(os.fsencode(path))} is left out: {error}")
        return None
    return (stem.with_name(f"{stem.name}.jpg"), story) if story else None
