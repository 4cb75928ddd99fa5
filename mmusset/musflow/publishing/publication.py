"""What of a model's folder goes to the Hub: weights, codec, manifest and card, and nothing else."""

import json

from mmusset.errors import MmussetError
from mmusset.files import file_sha256
from mmusset.musflow.model_folder.manifest import (
    MANIFEST,
    OWNED,
    ModelManifest,
    parse_model_manifest,
)
from mmusset.musflow.model_folder.trained import ModelFolder
from mmusset.publish import readme
from mmusset.publish.licence import licence_text
from mmusset.publish.published import (
    File,
    Publication,
    check_stays_at_home,
    file_of,
    forbidden,
)
from mmusset.publish.readme import CARD

from .card import write_model_card


def publication_of(model: ModelFolder) -> Publication:
    """What a model's folder publishes, each file checked; its card is written if there is none.

    Raises MmussetError where a file is not the one that the manifest lists, Refused where
    something in it reveals this machine.
    """
    if not (model.path / CARD).exists():
        write_model_card(model)
    manifest, files = model.manifest, _files(model)
    front, _ = readme.split(model.path / CARD)
    data = json.loads(manifest.to_bytes())
    check_stays_at_home(model.path, data, [model.path / CARD])
    return Publication(
        kind="model",
        files=files,
        licence=licence_text(front),
        forbidden=forbidden(manifest.trained_on.licences, front),
        lines=_lines(manifest),
        facts={"weights": manifest.weights, "step": manifest.step},
        summary=f"{manifest.recipe.name}, {manifest.step} steps",
        owned=OWNED,
        listed=_listed,
    )


def _files(model: ModelFolder) -> tuple[File, ...]:
    files = []
    for name, sha256 in model.manifest.files.items():
        path = model.path / name
        if not path.is_file() or file_sha256(path) != sha256:
            raise MmussetError(
                f"{path} is not the file that its {MANIFEST} lists: delete {model.path}, and it is"
                " made again"
            )
        files.append(File(name, model.path, path.stat().st_size, sha256))
    return (*files, file_of(model.path, CARD), file_of(model.path, MANIFEST))


def _lines(manifest: ModelManifest) -> tuple[str, ...]:
    data = manifest.trained_on
    return (
        f"model     {manifest.recipe.name}, {manifest.weights / 1e6:.2f} M weights,"
        f" {manifest.step} steps",
        f"trained   on {data.name}, {data.clips.get('train', 0)} clips",
        *([f"begun     with {manifest.begun_from}"] if manifest.begun_from else []),
    )


def _listed(data: bytes) -> set[str] | None:
    manifest = parse_model_manifest(data)
    return set(manifest.files) if manifest else None
