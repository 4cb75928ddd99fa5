"""`quality.least`: what sounds worse is rejected before anybody writes, and everybody is told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from mmusset.shards.tar import read_shard
from mmusset.view.facets import numbers_of, values_of
from mmusset.view.open_dataset import open_dataset
from tests.builder.test_model_build import manifest, words
from tests.support.command import mmusset
from tests.support.media import RATE_HZ, library, sound_of
from tests.support.serving import serving

LEAST = 0.3  # what is brought up from 22 kHz has 0.57


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of four pieces, one of which is clipped; its captioner was asked three times."""
    folder = tmp_path_factory.mktemp("quality")
    source, out = library(folder / "source", 4), folder / "out"
    loud = np.clip(8 * sound_of(2, 3.0), -1, 1)
    soundfile.write(source / "artist 1" / "song 2.wav", loud, RATE_HZ)
    with serving() as stub:
        done = mmusset(*words(source, out, stub, "--set", f"quality.least={LEAST}"))
        assert done.returncode == 0, done.stderr
        assert sum(seen.schema == "CaptionReply" for seen in stub.seen) == 3
    return out


def qualities(out: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((out / "data").iterdir()):
        for _, members in read_shard(path):
            yield json.loads(members["json"])["quality"]


def test_a_clipped_piece_is_rejected_with_its_reason(built: Path) -> None:
    facts = manifest(built)
    assert (facts["found"], facts["accepted"], facts["rejected"]) == (4, 3, 1)
    assert facts["reasons"] == [
        {"status": "rejected", "reason": "the sound is clipped", "count": 1}
    ]
    status = mmusset("status", built).stdout
    assert "rejected artist 1/song 2.wav: the sound is clipped" in status
    assert f"quality.least {LEAST}" in mmusset("explain", built, "artist 1/song 2.wav").stdout


def test_it_can_still_be_explained_and_viewed(built: Path) -> None:
    told = mmusset("explain", built, "artist 1/song 2.wav").stdout
    assert "of its samples are cut flat" in told.partition("verdict")[0]
    with open_dataset(built).reading() as reading:
        stories = [reading.story(key) for _, key, _ in reading.stamps()]
        numbers = [numbers_of(story)["quality"] for story in stories if story]
        labels = [values_of(story, 0)["sound"] for story in stories if story]
    assert len(numbers) == 4 and min(numbers) < LEAST
    assert ("the sound is clipped",) in labels


def test_each_sample_tells_its_quality(built: Path) -> None:
    for quality in qualities(built):
        assert LEAST <= quality["score"] <= 1
        assert quality["worst"] in ("none", "bandwidth")
        assert 5000 < quality["bandwidth_hz"] < 11025
    assert mmusset("verify", built).returncode == 0


def test_the_card_tells_how_good_the_sounds_are(built: Path) -> None:
    card = (built / "README.md").read_text()
    assert f"1 clip was left out for a score below {LEAST}." in card
    assert "| score | clips |" in card


def test_a_changed_least_is_another_dataset(built: Path) -> None:
    source = built.parent / "source"
    with serving() as stub:
        done = mmusset(*words(source, built, stub, "--set", "quality.least=0.5"))
    assert done.returncode == 1
    assert "quality.least" in done.stderr
