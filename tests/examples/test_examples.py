"""The example source, whose truth is known: what a build of it says must be so."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.examples.samples import EXAMPLES, TRUTH, samples_by_path
from tests.support.command import mmusset


@pytest.fixture(scope="module")
def samples(out: Path) -> dict[str, dict[str, Any]]:
    """The JSON of each accepted sample, by its path in the source."""
    return samples_by_path(out)


def test_every_piece_with_a_picture_is_accepted(samples: dict[str, Any], out: Path) -> None:
    assert set(samples) == {path for path, facts in TRUTH.items() if facts["paired"] != "none"}
    tally = json.loads(mmusset("status", out, "--json").stdout)["tally"]
    assert (tally["rejected"], tally["failed"], tally["undecided"]) == (0, 0, 0)
    assert tally["accepted"] + tally["skipped"] == len(samples) + 2
    assert mmusset("verify", out).returncode == 0


def test_pictures_are_paired_as_they_were_laid_out(samples: dict[str, Any]) -> None:
    for path, sample in samples.items():
        assert sample["image"]["origin"] == TRUTH[path]["paired"], path


def test_the_video_has_a_frame_for_each_second(samples: dict[str, Any]) -> None:
    frames = {path: sample["frames"] for path, sample in samples.items() if "frames" in sample}
    assert list(frames) == [path for path in samples if path.endswith(".mp4")]
    for facts in frames.values():
        assert (facts["count"], facts["width_px"], facts["height_px"]) == (10, 224, 128)


def test_no_claim_is_false(samples: dict[str, Any]) -> None:
    """Tempo, key, mode and percussion, said of pieces whose score we have."""
    said = 0
    for path, sample in samples.items():
        facts = TRUTH[path]
        true = {
            "key": f"{facts['tonic']} {facts['mode']}",
            "mode": facts["mode"],
            "percussion": "present" if facts["drums"] else "absent",
        }
        for claim in sample["caption"]["claims"]:
            where = f"{path}: {sample['caption']['text']}"
            if claim["attribute"] == "tempo":
                assert float(claim["value"]) == pytest.approx(facts["tempo_bpm"], rel=0.04), where
            elif claim["attribute"] in true:
                assert claim["value"] == true[claim["attribute"]], where
            else:
                continue
            said += 1
    assert said >= len(samples), "captions that say next to nothing prove nothing"


def test_quiet_and_loud_are_told_apart(samples: dict[str, Any]) -> None:
    measured: dict[str, list[float]] = {}
    for path, sample in samples.items():
        lufs = sample["music_evidence"]["loudness_lufs"]["value"]
        measured.setdefault(TRUTH[path]["loudness"], []).append(lufs)
    assert max(measured["quiet"]) < min(measured["loud"])


def test_texts_keep_to_their_own_side(samples: dict[str, Any]) -> None:
    for sample in samples.values():
        assert 3 <= len(sample["caption"]["text"].split()) <= 80
        assert len(sample["story"]["text"].split()) >= 20
        assert sample["speaker"] == "offline"
        assert {claim["verdict"] for claim in sample["caption"]["claims"]} <= {
            "supported",
            "told",
            "unverifiable",
        }


@pytest.mark.parametrize(
    ("stem", "suffix", "noted"), [("rain walk", ".ogg", ""), ("meadow morning", ".m4a", "tempo")]
)
def test_given_stories_are_kept_with_a_note_where_they_name_music(
    samples: dict[str, Any], stem: str, suffix: str, noted: str
) -> None:
    story = samples[f"loose/{stem}{suffix}"]["story"]
    given = (EXAMPLES / f"source/loose/{stem}.txt").read_bytes().decode()
    assert (story["writer"], story["text"]) == ("given", given)
    assert noted in story["note"]
    assert bool(story["note"]) == bool(noted)


def test_a_low_sample_rate_is_said(samples: dict[str, Any], out: Path) -> None:
    music = samples["loose/lighthouse.wav"]["music"]
    assert (music["source_rate_hz"], music["rate_hz"], music["upsampled"]) == (22050, 44100, True)
    assert music["channels"] == 1, "a mono piece stays mono"


def test_no_group_is_in_two_splits(samples: dict[str, Any]) -> None:
    splits: dict[str, set[str]] = {}
    for sample in samples.values():
        splits.setdefault(sample["group"], set()).add(sample["split"])
    assert all(len(found) == 1 for found in splits.values())
    assert {split for found in splits.values() for split in found} == {
        "train",
        "validation",
        "test",
    }
