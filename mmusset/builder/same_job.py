"""A dataset is one job: the same recipe, prompts and models from its first item to its last."""

from mmusset import __version__, prompts
from mmusset.errors import Refused
from mmusset.files import failpoint
from mmusset.recipe import Recipe
from mmusset.recipe_file import differences
from mmusset.sample import AGENTS, AgentName
from mmusset.speakers.base import Speaker

from .ledger.ledger import Ledger


def check_recipe(
    recipe: Recipe, speaker: str, composer: str, ledger: Ledger, re_run: tuple[AgentName, ...]
) -> None:
    """Note recipe, prompts and who makes music the first time; later refuse others.

    What belongs to the agents of `re_run` alone may differ: it is noted anew, and every
    verdict is given again. Raises Refused with the differences.
    """
    facts = {"mmusset": __version__, "speaker": speaker, "composer": composer}
    facts |= {f"prompt of {agent}": prompts.sha256_of(agent) for agent in AGENTS}
    before = ledger.meta("recipe")
    if before is None:
        _note(facts | {"recipe": recipe.canonical()}, ledger)
        failpoint("job_noted")
        return
    changed = differences(before, recipe.canonical())
    _refuse_unless_re_run(changed + _changes(facts, ledger), re_run)
    if changed or _changes(facts, ledger):
        with ledger.transaction():
            ledger.forget_verdicts()
            _set(facts | {"recipe": recipe.canonical()}, ledger)


def check_models(speaker: Speaker, ledger: Ledger, re_run: tuple[AgentName, ...]) -> None:
    """The same for the models that a speaker found when it was entered."""
    facts = {f"model of {agent}": speaker.model_id(agent).name for agent in AGENTS}
    if ledger.meta("model of captioner") is not None:
        _refuse_unless_re_run(_changes(facts, ledger), re_run)
    _note(facts, ledger)


def _note(facts: dict[str, str], ledger: Ledger) -> None:
    with ledger.transaction():
        _set(facts, ledger)


def _set(facts: dict[str, str], ledger: Ledger) -> None:
    for name, value in facts.items():
        ledger.set_meta(name, value)


def _changes(facts: dict[str, str], ledger: Ledger) -> list[str]:
    return [
        f"{name}: {ledger.meta(name)} -> {value}"
        for name, value in facts.items()
        if ledger.meta(name) != value
    ]


def _refuse_unless_re_run(changes: list[str], re_run: tuple[AgentName, ...]) -> None:
    left = [change for change in changes if not _belongs_to(change.split(":")[0], re_run)]
    if left:
        raise Refused(
            f"this dataset was begun with other settings ({'; '.join(left)});"
            " use them again, build into a new --out, or ask an agent anew with --re-run"
        )


def _belongs_to(name: str, agents: tuple[AgentName, ...]) -> bool:
    """Whether a setting concerns these agents alone. The critic's limits are the critic's."""
    return any(
        name in {f"prompt of {agent}", f"model of {agent}", f"speaker.adapters.{agent}"}
        or name.startswith((f"speaker.sampling.{agent}.", f"{agent}."))
        for agent in agents
    )
