"""A clip's beat: found in its sound, moved with its start, told to the network frame by frame."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mmusset.measurements.tempo import Tempo
from mmusset.musflow.data.beat import NO_BEAT, Beat, beat_of
from mmusset.musflow.model.metronome import FEATURES, metronome
from mmusset.musflow.model.tempo_reading import TempoReading
from mmusset.shards.reader import Read
from tests.support.samples import jpeg

RATE_HZ = 22050


def clicks(bpm: float, first_s: float, seconds: float = 10.0) -> NDArray[np.float32]:
    """Clicks on every beat, from the first one on."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    since_s = (time_s - first_s) % (60 / bpm)
    sound = np.exp(-40 * since_s) * np.sin(2 * np.pi * 800 * since_s)
    return sound[:, None].astype(np.float32)


def read(sound: NDArray[np.float32], **tempo: object) -> Read:
    """A sample of this sound, with the tempo of its evidence, if there is any."""
    from io import BytesIO

    from PIL import Image

    facts = {"music_evidence": {"tempo": tempo}} if tempo else {}
    image = Image.open(BytesIO(jpeg()))
    return Read("k1", image, sound, RATE_HZ, "", "", {}, facts, "picture")


def evidence(bpm: float, confidence: float = 0.9) -> dict[str, object]:
    return Tempo(bpm=bpm, half_bpm=bpm / 2, double_bpm=bpm * 2, confidence=confidence).model_dump()


def apart(one: float, other: float) -> float:
    """How far two phases are from each other, in beats."""
    return abs((one - other + 0.5) % 1 - 0.5)


@pytest.mark.parametrize(("bpm", "first_s"), [(60.0, 0.3), (97.0, 0.0), (150.0, 0.25)])
def test_the_phase_is_found_by_the_evidences_tempo(bpm: float, first_s: float) -> None:
    """Though that be off by 2 %: over ten seconds of a fast piece, half a beat."""
    beat = beat_of(read(clicks(bpm, first_s), **evidence(1.02 * bpm)))
    assert beat.bpm == pytest.approx(bpm, rel=0.005)
    assert beat.weight == 0.9
    assert apart(beat.phase, -first_s * bpm / 60) < 0.03


def test_without_evidence_the_tempo_is_measured() -> None:
    beat = beat_of(read(clicks(120.0, 0.1)))
    octaves = math.log2(beat.bpm / 120)
    assert octaves == pytest.approx(round(octaves), abs=0.01)
    assert 0 < beat.weight <= 1


def test_what_is_unsure_has_no_beat() -> None:
    sound = clicks(120.0, 0.0)
    assert beat_of(read(sound, **evidence(120.0, 0.0))) == NO_BEAT
    assert beat_of(read(np.zeros_like(sound), **evidence(120.0))) == NO_BEAT
    assert beat_of(read(sound[:4000], **evidence(120.0))) == NO_BEAT, "shorter than can be heard"
    assert beat_of(read(np.repeat(sound, 6, axis=1), **evidence(120.0))) == NO_BEAT
    foreign = replace(read(sound), facts={"music_evidence": {"tempo": "fast"}})
    assert beat_of(foreign).bpm > 0, "another tool's facts count for nothing"


def test_a_clip_begun_later_begins_later_in_the_beat() -> None:
    sound, at = clicks(90.0, 0.2), evidence(90.0)
    whole = beat_of(read(sound, **at))
    later = beat_of(read(sound[RATE_HZ // 2 :], **at))
    assert apart(whole.moved(0.5).phase, later.phase) < 0.05
    assert Beat(120.0, 0.75, 1.0).moved(0.25).phase == pytest.approx(0.25)


def test_the_metronome_turns_once_a_beat() -> None:
    beats = torch.tensor([[120.0, 0.25, 1.0], [120.0, 0.25, 0.5], [90.0, 0.9, 0.0]])
    features = metronome(beats, 40, 0.05)
    assert features.shape == (3, 40, FEATURES)
    at_s = (np.arange(40) + 0.5) * 0.05
    turns = 2 * np.pi * (0.25 + 2 * at_s)
    expected = [*(np.cos(n * turns) for n in (1, 2, 4)), *(np.sin(n * turns) for n in (1, 2, 4))]
    np.testing.assert_allclose(features[0, :, :6].numpy(), np.stack(expected, axis=1), atol=1e-4)
    assert features[0, :, 6].numpy() == pytest.approx(math.log2(120 / 110))
    torch.testing.assert_close(features[1], features[0] / 2)
    assert not features[2].any()


def test_a_tempo_is_read_in_what_is_aligned() -> None:
    """Learnt from beats that are sure; half of the chances lie below what is read."""
    torch.manual_seed(0)
    bpm = 50 * 2 ** (2 * torch.rand(200))
    sure = (torch.rand(200) < 0.5).float()
    octaves = (bpm / 100).log2()
    aligned = torch.stack([octaves, sure, torch.ones(200)], dim=1)[:, None].repeat(1, 2, 1)
    wrong = torch.where(sure > 0, bpm, 300.0 - bpm)  # of those that are unsure
    beat = torch.stack([wrong, torch.zeros(200), sure], dim=1)
    present = torch.ones(200, 2, dtype=torch.bool)
    present[:100, 1] = False
    aligned[:100, 1] = 9.0  # what is absent does not count
    reading = TempoReading(3)
    optimizer = torch.optim.Adam(reading.parameters(), lr=0.3)
    for _ in range(150):
        optimizer.zero_grad()
        reading.loss(aligned, present, beat).backward()
        optimizer.step()
    with torch.no_grad():
        told = reading.read(aligned, present)
        wrong_by = (told.bpm / bpm).log2().abs()[sure > 0]
        assert float(wrong_by.median()) < 0.1
        assert bool((told.clarity[sure > 0] > 0.9).all() and (told.clarity[sure == 0] < 0.1).all())
        fast = reading.read(aligned, present, (120.0, 240.0)).bpm
        assert float(fast.min()) >= 120 and float(fast.max()) <= 240
        nothing = reading.read(aligned, torch.zeros_like(present))
        assert not nothing.clarity.any()
        assert nothing.bpm.numpy() == pytest.approx(98.0, rel=0.05), "the middle of 40 to 240"
