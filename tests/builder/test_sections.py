"""`piece.sections`: every sample tells the sections of its piece; without it nothing changes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mmusset.publish.features import fields_of, optional_fields
from mmusset.recipe import Recipe
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.shards.tar import read_shard
from mmusset.view.detail import detail_of
from mmusset.view.open_dataset import open_dataset
from tests.evidence.test_music_evidence import RATE_HZ, SECONDS, song
from tests.support.command import SHORT, mmusset
from tests.support.media import picture

WITH_SECTIONS = (*SHORT, "--set", "piece.sections=true", "--set", "clip.per_track=2")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of one piece in which drums come in halfway."""
    folder = tmp_path_factory.mktemp("sections")
    plain, drummed = song(140.0, drums=False), song(140.0)
    (folder / "source").mkdir()
    whole = np.concatenate([plain, plain, drummed, drummed])
    soundfile.write(folder / "source" / "x.wav", whole, RATE_HZ)
    picture(folder / "source" / "x.png", 1)
    done = mmusset("build", "--source", folder / "source", "--out", folder / "out", *WITH_SECTIONS)
    assert done.returncode == 0, done.stderr
    return folder / "out"


def samples_of(out: Path) -> list[dict[str, Any]]:
    shards = sorted((out / "data").iterdir())
    return [json.loads(members["json"]) for shard in shards for _, members in read_shard(shard)]


def test_each_clip_has_the_sections_of_its_piece(built: Path) -> None:
    first, second = (each["music_evidence"]["sections"] for each in samples_of(built))
    assert [each["change"] for each in first] == ["start", "drums in"]
    assert [each["start_s"] for each in first] == [each["start_s"] for each in second]
    assert first[1]["from_clip_s"] > 0 > second[1]["from_clip_s"]
    assert first[1]["start_s"] == pytest.approx(2 * SECONDS, abs=1.0)


def test_explain_and_the_page_tell_them(built: Path) -> None:
    told = mmusset("explain", built, "x.wav").stdout
    assert "piece from 0:20 drums in (0.9" in told
    with open_dataset(built).reading() as reading:
        (story, _) = [reading.story(key) for _, key, _ in reading.stamps()]
    assert story
    names = [measure.name for measure in detail_of(story, lambda _: None).measures]
    assert "piece from 0:20" in names


def test_the_samples_are_whole_and_typed(built: Path) -> None:
    assert mmusset("verify", built).returncode == 0
    card = (built / "README.md").read_text()
    assert "from_clip_s" in card


def test_it_is_written_again_from_its_ledger(built: Path) -> None:
    before = samples_of(built)
    for shard in (built / "data").iterdir():
        shard.unlink()
    words = ("build", "--source", built.parent / "source", "--out", built)
    assert mmusset(*words, *WITH_SECTIONS).returncode == 0
    assert samples_of(built) == before


def test_a_recipe_without_them_is_the_same_as_before_there_were_any() -> None:
    assert '"piece"' not in Recipe().canonical()
    assert "sections" not in str(fields_of(MusicEvidence))
    asked = Recipe.model_validate({"piece": {"sections": True}})
    assert '"piece":{"sections":true}' in asked.canonical()
    assert Recipe.of_canonical(json.loads(asked.canonical())).piece == asked.piece
    optional = optional_fields(asked.model_dump(mode="json"))
    assert "from_clip_s" in str(fields_of(MusicEvidence, optional=optional))
