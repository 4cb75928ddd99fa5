"""`transcriber.model`: given lyrics are compared with what a Whisper model hears sung."""

import json
from pathlib import Path
from typing import Any

import pytest
import soundfile

from mmusset.ears.whisper.model import RATE_HZ, opened
from mmusset.publish.features import fields_of, optional_fields
from mmusset.recipe import Recipe
from mmusset.sample_parts.media import MediaFacts
from tests.support.command import SHORT, mmusset
from tests.support.explained import explained
from tests.support.media import picture
from tests.support.tiny_whisper import tiny_whisper, tone

SAID = {220.0: "the rain comes down", 700.0: "let it end"}
LRC = "[00:00.00]The rain comes down\n[00:04.00]And nobody minds\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_whisper(tmp_path_factory.mktemp("whisper") / "model", SAID)


@pytest.fixture(scope="module")
def kept(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """A piece that is what its lyrics say, one with those of another, and one without any."""
    source = tmp_path_factory.mktemp("sung") / "source"
    source.mkdir()
    for number, (name, hz) in enumerate({"right": 220.0, "wrong": 700.0, "none": 440.0}.items()):
        soundfile.write(source / f"{name}.wav", tone(hz, 44100), 44100)
        picture(source / f"{name}.png", number)
    for name in ("right", "wrong"):
        (source / f"{name}.lrc").write_text(LRC)
    settings = ("--set", "lyrics=keep", "--set", f"transcriber.model={model}")
    return explained(source, source.parent / "out", *SHORT, *settings)


@pytest.mark.slow
def test_a_sound_gives_its_words_part_by_part(model: Path) -> None:
    import numpy as np

    write, by = opened(str(model), "")
    assert by.startswith("whisper ")
    assert [write(tone(hz)) for hz in SAID] == list(SAID.values())
    assert write(np.concatenate([tone(220), tone(700)])) == "the rain comes down let it end"
    assert len(tone(220)) == 2 * RATE_HZ


@pytest.mark.slow
def test_lyrics_are_compared(kept: dict[str, dict[str, Any]]) -> None:
    right, wrong = kept["right.wav"]["lyrics"], kept["wrong.wav"]["lyrics"]
    assert right["verdict"] == wrong["verdict"] == "compared"
    assert right["transcript"]["heard"] == "the rain comes down"
    assert (right["transcript"]["words"], right["transcript"]["wrong"]) == (4, 0)
    assert right["transcript"]["error_rate"] == 0.0
    assert wrong["transcript"]["heard"] == "let it end"
    assert wrong["transcript"]["error_rate"] == 1.0
    assert "3 differences" in wrong["why"]
    assert "transcript" not in kept["none.wav"]["lyrics"]


def test_without_a_transcriber_nothing_changes() -> None:
    recipe = Recipe.model_validate({"lyrics": "keep"})
    assert "transcriber" not in json.loads(recipe.canonical())
    asked = Recipe.model_validate({"lyrics": "keep", "transcriber": {"model": "/some/whisper"}})
    [lyrics] = [
        each["struct"]
        for each in fields_of(MediaFacts, optional=optional_fields(json.loads(asked.canonical())))
        if each["name"] == "lyrics"
    ]
    assert "transcript" in {each["name"] for each in lyrics}


def test_a_transcriber_without_lyrics_is_refused() -> None:
    with pytest.raises(ValueError, match="set lyrics to keep"):
        Recipe.model_validate({"transcriber": {"model": "openai/whisper-small"}})


@pytest.mark.slow
def test_a_model_that_is_not_there_ends_the_build_at_once(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    settings = ("--set", "lyrics=keep", "--set", f"transcriber.model={tmp_path / 'no model'}")
    words = ("--source", tmp_path / "source", "--out", tmp_path / "out", *settings)
    done = mmusset("build", *words)
    assert done.returncode == 1
    assert "no model" in done.stderr
