"""What to build, and how it ended."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from mmusset.eyes.eye import Eye
from mmusset.frozen import Name
from mmusset.recipe import Recipe
from mmusset.sample import Material, Outcome
from mmusset.sources.source import Source
from mmusset.speakers.agent import Agent
from mmusset.speakers.asking import Asker
from mmusset.speakers.base import Speaker

from .accounting import Tally
from .carried_words import CarriedWords
from .planning.candidates import Quota
from .studio import Composer, Studio
from .workers.sharing import Sharing
from .workspace import Workspace

Annotate = Callable[[Material], Awaitable[Outcome]]
MakeGraph = Callable[[Asker, Recipe], Annotate]


@dataclass(frozen=True, slots=True)
class BuildJob:
    """A dataset to build: its source, its recipe, and who writes its texts.

    `make_graph` connects the `agents` to the speaker. `composer` generates music for pictures that
    have none, and `eye` compares stories with their pictures, where the recipe says so;
    `model_licences` are those of its other pretrained models, by its key. `re_run`
    names the agents whose prompt or model may differ from those that the dataset was begun with:
    they are asked again, and so is everyone who depends on them. `limit` is how many pieces there
    may be in all, the first ones; `sample` the same, but drawn at random. `words_from` is another
    dataset: what people wrote in it is taken over. `sharing` has workers decide, instead of this
    process. With `check` every sealed shard is read, not only those whose time or size
    has changed.
    """

    source: Source
    out: Path
    recipe: Recipe
    speaker: Speaker
    make_graph: MakeGraph
    agents: tuple[Agent[BaseModel], ...]
    limit: int | None = None
    sample: int | None = None
    quota: Quota | None = None
    re_run: tuple[Name, ...] = ()
    retry_failed: bool = False
    apply_marks: bool = False
    composer: Composer | None = None
    eye: Eye | None = None
    model_licences: Mapping[str, str] = field(default_factory=dict)
    check: bool = False
    words_from: Path | None = None
    sharing: Sharing | None = None

    @property
    def composer_name(self) -> str:
        """The name of the composer, "" without one."""
        return self.composer.name if self.composer else ""

    def studio(self, workspace: Workspace) -> Studio | None:
        """The studio that generates music, if there is a composer."""
        return Studio(workspace, self.composer) if self.composer else None


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How a build ended. `new` counts the items that this run decided, `sealed` its new shards.

    `short_by` is how many samples of `--accept` are missing because source or budget ran out. With
    `--apply-marks`, `marked` counts the marks that it applied, `refused` all that can't be; with
    `--words-from`, `words` says what became of those.
    """

    tally: Tally
    new: int
    sealed: int
    interrupted: bool
    upsampled: int
    short_by: int
    marked: int = 0
    refused: int = 0
    words: CarriedWords | None = None

    @property
    def finished(self) -> bool:
        """Whether every item found has its verdict, so that a manifest was written."""
        return not self.interrupted and not self.tally.undecided

    @property
    def exit_code(self) -> int:
        if self.interrupted:
            return 130
        losses = (self.tally.failed, self.tally.undecided, self.short_by, self.refused)
        return 4 if any(losses) or not self.tally.accepted else 0
