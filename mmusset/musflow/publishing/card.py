"""The card of a model, README.md: made from its manifest, the licences of what it needs, and the
table of an evaluation. The same model has the same card."""

import json
from pathlib import Path

from mmusset.bounded import MOST_FACTS, MOST_TEXT, read_bounded, read_text_bounded
from mmusset.errors import Refused
from mmusset.files import write_bytes_durably
from mmusset.musflow.licences import licences_of
from mmusset.musflow.model_folder.manifest import ModelManifest
from mmusset.musflow.model_folder.trained import ModelFolder
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.publish import readme
from mmusset.publish.card import in_code, plain
from mmusset.publish.licence import Licence, licence_text
from mmusset.publish.readme import CARD

from .pack import pretrained_parts

NAME = "Music from pictures, stories and captions"
RECORD, TABLE = "record.json", "table.md"  # of an evaluation's folder


def write_model_card(
    model: ModelFolder,
    licence: Licence | None = None,
    pretty_name: str = "",
    evaluation: Path | None = None,
) -> Path:
    """Write a model's card, and give its path; what its owner wrote around it stays, and so do a
    licence and a name that it has already.

    Raises Refused where a README.md stands in the way, or an evaluation is of another model.
    """
    path = model.path / CARD
    owned = readme.read(path)
    if licence:
        without = {k: v for k, v in owned.front.items() if not k.startswith("license")}
        owned = readme.Readme(licence.front() | without, owned.before, owned.after)
    name = pretty_name or str(owned.front.get("pretty_name") or NAME)
    text = owned.text(
        {"pretty_name": name, **_front(model.manifest)},
        _body(model.manifest, name, licence_text(owned.front), _metrics(model, evaluation)),
    )
    write_bytes_durably(path, text.encode(), "model_card")
    return path


def _front(manifest: ModelManifest) -> dict[str, object]:
    dataset = manifest.trained_on.name
    begun = manifest.begun_from.partition("@")[0]
    return {
        "library_name": "mmusset",
        "pipeline_tag": "text-to-audio",
        "tags": ["music", "flow-matching", "mmusset"],
        **({"datasets": [dataset.removeprefix("hf://")]} if dataset.startswith("hf://") else {}),
        **({"base_model": begun} if "@" in manifest.begun_from else {}),
    }


def _body(manifest: ModelManifest, name: str, licence: str, metrics: str) -> str:
    recipe, data = manifest.recipe, manifest.trained_on
    spec = manifest.cache.spec
    seconds = manifest.frames * spec.samples_per_latent / spec.rate_hz
    clips, validated = (data.clips.get(split, 0) for split in ("train", "validation"))
    return "\n".join(
        [
            f"# {plain(name)}",
            "",
            "MusFlow, a conditional flow matching model that makes music from a picture, a story, a"
            f" music caption, or several of them: {manifest.weights / 1e6:.2f} M weights,"
            f" {spec.rate_hz} Hz, {'mono' if spec.channels == 1 else 'stereo'}, trained on clips of"
            f" {seconds:.2f} s for {manifest.step} steps by mmusset {manifest.mmusset}"
            f" (recipe `{in_code(recipe.name)}`). What it makes is tagged as made by a model.",
            "",
            "    pip install 'mmusset[train]'",
            '    mmusset generate USER/NAME --caption "A calm piece for piano." --out calm.flac',
            "    mmusset train DATASET --from USER/NAME",
            "",
            f"**Licence**: {plain(licence) or 'none yet: nobody has said under which one'}.",
            *([f"It began with the weights of `{in_code(manifest.begun_from)}`."]
              if manifest.begun_from else []),
            "",
            "## What it was trained on",
            "",
            f"`{in_code(data.name)}`: {clips} clips to train on, {validated} to"
            f" validate on (encoded shards `{data.shards_sha256[:16]}`).",
            *_licences(data.licences),
            "",
            *_parts(recipe),
            "## How good it is",
            "",
            metrics or "Nobody has measured it: no `mmusset evaluate` of these weights was given.",
        ]
    )  # fmt: skip


def _licences(licences: dict[str, int]) -> list[str]:
    if not licences:
        return ["Under which licences its music is was not written down."]
    counts = ", ".join(f"{plain(name)} {count}" for name, count in sorted(licences.items()))
    return [f"Samples by the licence of their music: {counts}."]


def _parts(recipe: MusFlowRecipe) -> list[str]:
    needed = pretrained_parts(recipe)
    if not needed:
        return ["It needs no other weights: codec and encoders are mmusset's own.", ""]
    licences = licences_of(recipe)
    rows = [f"| {m} | `{c[:12]}` | {plain(licences[m])} |" for m, c in needed.items()]
    return [
        "It needs these weights of others, which are not in it; their licences hold for what it"
        " makes:",
        "",
        "| weights | commit | licence |",
        "|---|---|---|",
        *rows,
        "",
    ]


def _metrics(model: ModelFolder, folder: Path | None) -> str:
    """The table of an evaluation. Raises Refused where it is of another checkpoint."""
    if folder is None:
        return ""
    try:
        record = json.loads(read_bounded(folder / RECORD, MOST_FACTS))["record"]
        table = read_text_bounded(folder / TABLE, MOST_TEXT)
        of = record["checkpoint_sha256"]
        asked = f"{record['clips']} clips of {record['pieces']} pieces"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{folder} is no folder that `mmusset evaluate` wrote: {error}") from None
    if of not in (model.manifest.checkpoint_sha256, model.manifest.files["model.safetensors"]):
        raise Refused(f"the evaluation in {folder} is of another checkpoint than {model.path}")
    split = f"the {plain(record['settings']['split'])} split"
    return f"`mmusset evaluate` on {split}, {asked}:\n\n{table.strip()}"
