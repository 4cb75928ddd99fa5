"""`caption.scope: piece`: captions hold of the whole piece, and tell when its drums come in."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mmusset.agents.state import begin
from mmusset.publish.features import fields_of, optional_fields
from mmusset.recipe import CERTAINTY, Recipe
from mmusset.sample import MusicEvidence, Prepared
from mmusset.shards.tar import read_shard
from tests.evidence.test_music_evidence import RATE_HZ, SECONDS, song
from tests.support.command import SHORT, mmusset
from tests.support.media import picture
from tests.support.samples import material, media_facts, music_evidence


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of one piece in which drums come in halfway, as it gets louder."""
    folder = tmp_path_factory.mktemp("whole")
    plain, drummed = song(140.0, drums=False), song(140.0)
    (folder / "source").mkdir()
    whole = np.concatenate([0.1 * plain, 0.1 * plain, drummed, drummed])
    soundfile.write(folder / "source" / "x.wav", whole, RATE_HZ)
    picture(folder / "source" / "x.png", 1)
    settings = ("--set", "caption.scope=piece", "--set", "clip.per_track=2")
    done = mmusset(
        *("build", "--source", folder / "source", "--out", folder / "out", *SHORT, *settings)
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


@pytest.fixture(scope="module")
def samples(built: Path) -> list[dict[str, Any]]:
    shards = sorted((built / "data").iterdir())
    return [json.loads(members["json"]) for shard in shards for _, members in read_shard(shard)]


def test_captions_tell_when_the_drums_come_in(samples: list[dict[str, Any]]) -> None:
    assert len(samples) == 2
    for sample in samples:
        claims = {claim["attribute"]: claim for claim in sample["caption"]["claims"]}
        came_in = claims["drums in"]
        assert came_in["verdict"] == "supported"
        assert float(came_in["value"].split()[0]) == pytest.approx(2 * SECONDS, abs=3)
        assert came_in["measured"].endswith(" s of the piece")
        assert came_in["text"] in sample["caption"]["text"]


def test_what_holds_of_a_clip_alone_is_not_said(samples: list[dict[str, Any]]) -> None:
    """One clip is quiet and has no drums, the other is loud and has some."""
    for sample in samples:
        assert sample["music_evidence"]["scope"] == "piece"
        for field in ("loudness_lufs", "percussiveness"):
            assert sample["music_evidence"][field]["confidence"] == 0
        said = {claim["attribute"] for claim in sample["caption"]["claims"]}
        assert not said & {"loudness", "percussion", "energy"}


def test_explain_names_the_ground_and_verify_agrees(built: Path) -> None:
    assert "drums in at 20" in mmusset("explain", built, "x.wav").stdout
    assert mmusset("verify", built).returncode == 0
    card = (built / "README.md").read_text()
    assert "what is heard in the whole piece that the clip is from" in card
    assert "| drums in | 2 | 2 |" in card


def test_models_are_told_that_captions_are_of_the_piece() -> None:
    whole = music_evidence(scope="piece")
    of_piece = Prepared(media=media_facts(music_evidence=whole), given_story="")
    state = begin(replace(material(), prepared=of_piece), CERTAINTY)
    assert "the caption is of the piece" in state["evidence"]
    assert "the caption is of the piece" not in begin(material(), CERTAINTY)["evidence"]


def test_the_card_types_what_is_asked_for_alone() -> None:
    asked = Recipe.model_validate({"caption": {"scope": "piece"}})
    optional = optional_fields(json.loads(asked.canonical()))
    assert {"scope", "sections"} <= {
        field["name"] for field in fields_of(MusicEvidence, optional=optional)
    }
    assert "caption" not in json.loads(Recipe().canonical())
