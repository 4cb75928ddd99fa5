"""A dataset is one job: the same recipe, prompts and models from its first item to its last."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from pydantic import BaseModel

from mmusset import __version__, prompts
from mmusset.ears.listed import ears_named
from mmusset.errors import Refused
from mmusset.eyes.eye import Eye
from mmusset.files import failpoint
from mmusset.frozen import Name
from mmusset.json_text import canonical_json
from mmusset.recipe import Recipe
from mmusset.recipe_file import Difference, differences
from mmusset.shards.manifest import ListedEye, ObjectedStories
from mmusset.speakers.agent import Agent
from mmusset.speakers.base import Speaker

from .ledger.job import JobFacts
from .ledger.ledger import Ledger
from .noted_ears import noted

NO_LICENCES: Mapping[str, str] = MappingProxyType({})


def check_recipe(
    recipe: Recipe,
    speaker: str,
    composer: str,
    agents: Sequence[Agent[BaseModel]],
    ledger: Ledger,
    re_run: tuple[Name, ...],
    eye: Eye | None = None,
    model_licences: Mapping[str, str] = NO_LICENCES,
) -> None:
    """Note recipe, prompts, who makes music and what sees the first time; later refuse others.

    What belongs to the agents of `re_run` alone may differ: it replaces what was noted, and
    every verdict is given again. Raises Refused with the differences.
    """
    before = ledger.job.facts()
    of_piece, may_match = recipe.caption.scope == "piece", recipe.pairing.mode != "given"
    now = JobFacts(
        recipe=json.loads(recipe.canonical()),
        mmusset=__version__,
        speaker=speaker,
        composer=composer,
        prompts={
            agent.name: prompts.sha256_of(agent.prompt, bool(recipe.ears), of_piece, may_match)
            for agent in agents
        },
        ears={ear.name: ear.identity for ear in ears_named(recipe.ears)},
        noted={ear.name: noted(ear) for ear in ears_named(recipe.ears)},
        models=before.models,
        eye=_noted_eye(eye) if eye else "",
        model_licences=dict(model_licences),
    )
    if not before.recipe:
        _note(now, ledger)
        failpoint("job_noted")
        return
    changed = changes(before, now)
    _refuse_unless_re_run(changed, re_run)
    if changed:
        with ledger.transaction():
            ledger.begin_again()
            ledger.job.note(now)


def _noted_eye(eye: Eye) -> str:
    card = eye.card
    listed = ListedEye(
        identity=eye.identity,
        licence=eye.licence,
        calibrated_on=card.made_on,
        pictures=card.pictures,
        right=card.right,
        objected=tuple(ObjectedStories(**each.model_dump()) for each in card.objected),
    )
    return listed.model_dump_json()


def check_models(
    speaker: Speaker,
    agents: Sequence[Agent[BaseModel]],
    ledger: Ledger,
    re_run: tuple[Name, ...],
) -> None:
    """The same for the models that a speaker found when it was entered."""
    note_models(models_of(speaker, agents), ledger, re_run)


def models_of(speaker: Speaker, agents: Sequence[Agent[BaseModel]]) -> dict[str, str]:
    """The model that each agent speaks through, once the speaker was entered."""
    return {agent.name: speaker.model_id(agent.name).name for agent in agents}


def note_models(models: dict[str, str], ledger: Ledger, re_run: tuple[Name, ...]) -> None:
    """Note the agents' models the first time; later refuse others. Raises as `check_recipe`."""
    before = ledger.job.facts()
    now = replace(before, models=models)
    if before.models:
        _refuse_unless_re_run(changes(before, now), re_run)
    _note(now, ledger)


def changes(before: JobFacts, now: JobFacts) -> list[Difference]:
    """What differs between two jobs, setting by setting: those of the recipe come first."""
    return [
        *differences(canonical_json(before.recipe), canonical_json(now.recipe)),
        *_differences(_named(before), _named(now)),
    ]


def _named(facts: JobFacts) -> dict[str, str]:
    """The facts beside the recipe, by the names that people read."""
    named = {"mmusset": facts.mmusset, "speaker": facts.speaker, "composer": facts.composer}
    named |= {f"ear {ear}": identity for ear, identity in facts.ears.items()}
    eye = ListedEye.model_validate_json(facts.eye).identity if facts.eye else ""
    named["eye of critic"] = eye
    named |= {f"prompt of {agent}": sha256 for agent, sha256 in facts.prompts.items()}
    return named | {f"model of {agent}": model for agent, model in facts.models.items()}


def _differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[Difference]:
    return [
        Difference(name, before.get(name), value)
        for name, value in now.items()
        if before.get(name) != value
    ]


def _note(facts: JobFacts, ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.job.note(facts)


def _refuse_unless_re_run(changed: list[Difference], re_run: tuple[Name, ...]) -> None:
    left = [difference for difference in changed if not _belongs_to(difference.name, re_run)]
    if left:
        raise Refused(
            f"this dataset was begun with other settings ({'; '.join(map(str, left))});"
            " use them again, build into a new --out, or let an agent work again with --re-run"
        )


def _belongs_to(name: str, agents: tuple[Name, ...]) -> bool:
    """Whether a setting concerns these agents alone. The critic's limits are the critic's."""
    return any(
        name in {f"{what} {agent}" for what in ("prompt of", "model of", "eye of", "ear")}
        or name == f"speaker.adapters.{agent}"
        or name.startswith((f"speaker.sampling.{agent}.", f"{agent}."))
        for agent in agents
    )
