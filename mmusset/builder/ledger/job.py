"""The part of a ledger that knows the job: what the dataset is made with, from its first item to
its last, and how far the ledger itself has come."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mmusset.json_text import canonical_json

from .schema import read_meta, set_meta

# Names of rows in the table `meta`, for what there is one of for each agent, or ear.
_PROMPT, _MODEL, _EAR, _NOTED = "prompt of ", "model of ", "ear ", "what is known of ear "
_LICENCE = "licence of "  # and of a pretrained model, by the key of the recipe that names it


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What a dataset is made with; empty where that is not known, or not yet.

    `recipe` is what `Recipe.canonical` says of it; `prompts` (sha256 of their text) and `models`
    are by agent. Models are known once the speaker was entered for the first time. `ears` are the
    recipe's, with the version of each and of its calibration; `noted` is what else is known
    of each, as JSON, which needs no card and no model to be at hand. `eye` is what is known of the
    model that compares stories with their pictures, as JSON. `model_licences` are those of other
    pretrained models, by the key of the recipe that names one: `quality.aesthetics`.
    """

    recipe: dict[str, Any]
    mmusset: str
    speaker: str
    composer: str
    prompts: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    ears: dict[str, str] = field(default_factory=dict)
    noted: dict[str, str] = field(default_factory=dict)
    eye: str = ""
    model_licences: dict[str, str] = field(default_factory=dict)


class LedgerJob:
    """The job of one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def facts(self) -> JobFacts:
        """What the dataset is made with."""
        rows: dict[str, str] = dict(self._db.execute("SELECT name, value FROM sound_meta"))
        return JobFacts(
            recipe=json.loads(rows.get("recipe", "{}")),
            mmusset=rows.get("mmusset", ""),
            speaker=rows.get("speaker", ""),
            composer=rows.get("composer", ""),
            prompts=_by_name(rows, _PROMPT),
            models=_by_name(rows, _MODEL),
            ears=_by_name(rows, _EAR),
            noted=_by_name(rows, _NOTED),
            eye=rows.get("eye", ""),
            model_licences=_by_name(rows, _LICENCE),
        )

    def note(self, facts: JobFacts) -> None:
        """Note what the dataset is made with. Models that are known stay where none are given."""
        set_meta(self._db, rows_of(facts))

    @property
    def source(self) -> str:
        """The address of the source that was built from last (`sources.choose`); "" where it is
        not known."""
        return read_meta(self._db, "source") or ""

    def note_source(self, address: str) -> None:
        """Note where the source is; it may have been moved since the last time."""
        if address != self.source:
            set_meta(self._db, {"source": address})

    @property
    def generation(self) -> int:
        """How often the ledger was begun or recovered: 1 for one that never was lost."""
        return int(read_meta(self._db, "generation") or 1)

    def note_copy(self) -> None:
        """A copy is about to be made: one that is newer than its ledger is known by that."""
        set_meta(self._db, {"copies": str(int(read_meta(self._db, "copies") or 0) + 1)})

    def has_taken_back(self) -> bool:
        """Whether verdicts were taken back since the manifest was written."""
        return read_meta(self._db, "taken back") != "0"

    def note_manifest(self) -> None:
        """The manifest counts exactly the verdicts that there are."""
        set_meta(self._db, {"taken back": "0"})


def rows_of(facts: JobFacts) -> dict[str, str]:
    """The facts of a job as rows of the table `meta`."""
    rows = {"mmusset": facts.mmusset, "speaker": facts.speaker, "composer": facts.composer}
    if facts.recipe:
        rows["recipe"] = canonical_json(facts.recipe)
    if facts.eye:
        rows["eye"] = facts.eye
    rows |= {f"{_EAR}{ear}": identity for ear, identity in facts.ears.items()}
    rows |= {f"{_NOTED}{ear}": known for ear, known in facts.noted.items()}
    rows |= {f"{_LICENCE}{key}": licence for key, licence in facts.model_licences.items()}
    rows |= {f"{_PROMPT}{agent}": sha256 for agent, sha256 in facts.prompts.items()}
    return rows | {f"{_MODEL}{agent}": model for agent, model in facts.models.items()}


def _by_name(rows: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value for name, value in rows.items() if name.startswith(prefix)
    }
