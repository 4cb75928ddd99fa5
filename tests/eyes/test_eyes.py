"""A CLIP that compares stories with their pictures: its card, and what the critic makes of it."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from mmusset.agents.captioner import CaptionReply
from mmusset.agents.critic import Judgement
from mmusset.agents.graph import build_graph
from mmusset.agents.reconciler import Mending
from mmusset.agents.story_writer import StoryReply
from mmusset.ears.card_folder import write_card
from mmusset.errors import MmussetError, UsageError
from mmusset.eyes.card import KnownPicture, card_of, read_card
from mmusset.eyes.model import nearness
from mmusset.recipe import Recipe
from mmusset.recipe_parts.source import PairingPart
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample import Outcome
from mmusset.sample_parts.texts import PictureFit
from mmusset.speakers.asking import Asker, InMemoryReplies
from tests.agents.test_agents import SCRIPTED, STORY, TRUE_CAPTION, Scripted
from tests.support.command import SHORT, mmusset
from tests.support.made_once import made_once
from tests.support.media import piece
from tests.support.samples import material
from tests.support.tiny_musflow_models import make_clip
from tests.support.tiny_sight import blind_clip, plain, seeing_clip, told_pictures

OTHER_STORY = STORY.replace("water", "meadow")


def known_pictures(count: int, apart: float, seed: int = 0) -> list[KnownPicture]:
    """Cosines about 0.2, and those of a picture's own story so many deviations higher."""
    rng = np.random.default_rng(seed)
    return [
        KnownPicture(
            float(rng.normal(0.2 + 0.05 * apart, 0.05)),
            tuple(rng.normal(0.2, 0.05, 10).tolist()),
        )
        for _ in range(count)
    ]


# --- the card ------------------------------------------------------------------------------


def test_a_cosine_becomes_the_probability_that_the_story_is_the_pictures() -> None:
    card = card_of("tiny", "made up", known_pictures(2000, apart=2))
    # Two normal distributions of one deviation: the log odds are apart / deviation a cosine.
    assert card.slope == pytest.approx(2 / 0.05, rel=0.1)
    assert card.even == pytest.approx(0.25, abs=0.005)
    assert card.probability(0.25) == pytest.approx(0.5, abs=0.05)
    assert card.probability(0.1) < 0.01 < 0.99 < card.probability(0.4)
    assert card.right == pytest.approx(0.98, abs=0.02)


def test_what_a_bound_costs_is_counted_on_pictures_that_were_not_fitted() -> None:
    card = card_of("tiny", "made up", known_pictures(2000, apart=2))
    half = card.objected[-1]
    assert half.below == 0.5
    assert half.own == pytest.approx(0.16, abs=0.03), "a deviation below the mean"
    assert half.others == pytest.approx(0.84, abs=0.03)
    assert [each.own for each in card.objected] == sorted(each.own for each in card.objected)


def test_kinds_that_never_overlap_have_a_curve_too() -> None:
    card = card_of("tiny", "made up", [KnownPicture(0.3, (0.1,) * 10)] * 40)
    assert card.probability(0.3) > 0.9
    assert card.probability(0.1) < 0.1


def test_one_that_can_not_tell_is_refused_and_so_are_a_few_pictures() -> None:
    with pytest.raises(UsageError, match="tiny does not tell which story is a picture's"):
        card_of("tiny", "made up", known_pictures(200, apart=0))
    with pytest.raises(UsageError, match="39 pictures with stories are too few: 40 at least"):
        card_of("tiny", "made up", known_pictures(39, apart=2))


def test_a_card_is_read_as_it_was_written_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    card = card_of("tiny", "made up", known_pictures(100, apart=2))
    assert read_card(tmp_path) is None
    write_card(tmp_path, card)
    assert read_card(tmp_path) == card
    (tmp_path / "card.json").write_text('{"model": 3}')
    with pytest.raises(UsageError, match=r"card.json can't be read .* eyes calibrate"):
        read_card(tmp_path)


# --- the critic ----------------------------------------------------------------------------


async def by_its_first_words(key: str, story: str) -> PictureFit:
    """A picture of still water: stories of anything else are hardly of it."""
    is_of_water = story.startswith("The water")
    return PictureFit(
        by="clip tiny",
        cosine=0.31 if is_of_water else 0.12,
        probability=0.95 if is_of_water else 0.02,
    )


def annotate(speaker: Scripted) -> Outcome:
    recipe = Recipe(pairing=PairingPart(clip="tiny"), critic=CriticPart(least_picture_fit=0.1))
    graph = build_graph(Asker(speaker, InMemoryReplies(), by_its_first_words), recipe, SCRIPTED)

    async def run() -> Outcome:
        return await graph(material())

    return asyncio.run(run())


@pytest.mark.slow
def test_a_story_that_is_hardly_of_its_picture_is_told_anew() -> None:
    speaker = Scripted(
        CaptionReply(caption=TRUE_CAPTION),
        StoryReply(story=OTHER_STORY),
        Mending(caption=TRUE_CAPTION, story=STORY),
        Judgement(faults=()),
    )
    outcome = annotate(speaker)
    assert outcome.verdict.reason == "mended"
    assert outcome.story
    assert outcome.story.text == STORY
    assert outcome.story.picture_fit.probability == 0.95
    objected = outcome.turns[2]
    assert (objected.agent, objected.speaker) == ("critic", "rules"), "no model was paid to agree"
    assert "story, not of its picture" in objected.faults
    assert "to clip tiny it is of this picture with a probability of 0.02" in objected.faults


def test_one_that_stays_so_is_rejected_and_says_by_how_much() -> None:
    again = Mending(caption=TRUE_CAPTION, story=OTHER_STORY)
    speaker = Scripted(
        CaptionReply(caption=TRUE_CAPTION), StoryReply(story=OTHER_STORY), again, again
    )
    outcome = annotate(speaker)
    assert (outcome.verdict.status, outcome.verdict.reason) == ("rejected", "not of its picture")
    assert outcome.story
    assert outcome.story.picture_fit.probability == 0.02


def test_without_the_recipes_word_nothing_is_compared() -> None:
    assert "pairing" not in json.loads(Recipe().canonical())
    assert "least_picture_fit" not in json.loads(Recipe().canonical())["critic"]
    with pytest.raises(ValueError, match=r"name one in pairing\.clip"):
        Recipe(critic=CriticPart(least_picture_fit=0.1))


# --- a whole build -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP that has learnt colours, and its card."""

    def make(folder: Path) -> None:
        seeing_clip(folder / "clip")
        told_pictures(folder / "told", 48)

    return made_once(tmp_path_factory, "sight", make)


@pytest.mark.slow
def test_a_text_tower_to_which_all_stories_are_alike_is_refused(tmp_path: Path) -> None:
    plain("red", 0).save(tmp_path / "red.png")
    model = blind_clip(tmp_path / "clip")
    with pytest.raises(MmussetError, match="to its text encoder unlike texts are alike"):
        nearness(tmp_path / "red.png", ["a red wall"], str(model))


@pytest.mark.slow
def test_a_clip_is_calibrated_and_a_build_goes_by_its_card(sight: Path, tmp_path: Path) -> None:
    words = ("--set", f"pairing.clip={sight / 'clip'}", "--set", "critic.least_picture_fit=0.1")
    source, out, card = tmp_path / "source", tmp_path / "out", tmp_path / "card"
    for number, (colour, told) in enumerate([("red", "Red"), ("blue", "Blue"), ("white", "Black")]):
        stem = source / f"{number}" / colour
        piece(stem.with_suffix(".wav"), number)
        plain(colour, number).save(stem.with_suffix(".png"))
        told_of = f"{told} is all that there is on this long and quiet evening at home, and nobody"
        stem.with_suffix(".txt").write_text(f"{told_of} in the whole house minds it very much.")
    build = ("build", "--source", source, "--out", out, *SHORT, *words)
    build += ("--set", f"critic.picture_fit_card={card}")
    uncalibrated = mmusset(*build)
    assert uncalibrated.returncode == 2
    assert "`mmusset eyes calibrate` makes one of pictures" in uncalibrated.stderr
    done = mmusset("eyes", "calibrate", sight / "told", "--out", card, *words[:2])
    assert done.returncode == 0, done.stderr
    assert "the picture's own story is nearer than most others for 100%" in done.stdout
    assert mmusset(*build).returncode == 0
    told = mmusset("explain", out, "2/white.wav").stdout
    assert "kept as given: story, not of its picture" in told
    assert "of this picture with a probability of 0.0" in told
    card_text = (out / "README.md").read_text()
    assert "## Stories and pictures" in card_text
    assert "| critic.least&#95;picture&#95;fit | " in card_text
    assert "| 0.9 to 1.0 | 1 |\n| 0.8 to 0.9 | 1 |\n| 0.0 to 0.1 | 1 |\n" in card_text
    assert mmusset("verify", out).returncode == 0
    by_another = mmusset(*build, "--set", f"pairing.clip={make_clip(tmp_path / 'other', 3)}")
    assert "run `mmusset eyes calibrate` again" in by_another.stderr
