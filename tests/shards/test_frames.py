"""The frames of a video on one sheet, in a shard and out of it again."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmusset.sample_parts.media import FrameFacts
from mmusset.shards.frames import frame_size, frames_on, sheet_of
from mmusset.shards.reader import BadSample, decoded
from mmusset.shards.tar import Sample
from mmusset.shards.verify import verify
from tests.support.datasets_made import write_dataset
from tests.support.samples import filmed, sample


def plain(count: int, size: tuple[int, int]) -> list[Image.Image]:
    return [Image.new("RGB", size, (number, 255 - number, 128)) for number in range(count)]


@pytest.mark.parametrize(
    ("size", "each", "count"),
    [((640, 360), (224, 128), 10), ((90, 160), (96, 160), 40), ((64, 64), (64, 64), 1)],
)
def test_frames_come_back_in_their_order(
    size: tuple[int, int], each: tuple[int, int], count: int
) -> None:
    file = io.BytesIO()
    sheet_of(plain(count, size)).save(file, "JPEG", quality=90)
    sheet = Image.open(file)
    assert frame_size(sheet, count) == each
    facts = FrameFacts(count=count, width_px=each[0], height_px=each[1])
    back = frames_on(sheet, facts)
    for number, frame in enumerate(back):
        inside = np.asarray(frame).astype(int)[1:-1, 1:-1]  # at the edge colours are smoothed
        away = inside - (number, 255 - number, 128)
        assert np.abs(away).max() <= 2, "no block of the JPEG has two of them"
    assert len(back) == count


def test_a_sample_of_a_video_has_one_member_more() -> None:
    still, moving = sample(1), filmed(sample(1), seconds=3)
    assert list(moving.members()) == [*still.members(), "frames.jpg"]
    assert "frames" not in json.loads(still.members()["json"])
    light = [np.asarray(f)[:16, :16].mean() for f in decoded("k1", moving.members()).frames]
    assert light == pytest.approx([0, 40, 80], abs=2)
    assert decoded("k1", still.members()).frames == ()


def test_what_another_tool_calls_so_is_left_alone() -> None:
    members = sample(1).members() | {"frames.jpg": b"of their own kind"}
    assert decoded("k1", members).frames == ()


def test_frames_that_do_not_lie_as_the_json_says_are_said() -> None:
    moving = filmed(sample(1))
    other = filmed(sample(1), seconds=5).frames_jpeg
    with pytest.raises(BadSample, match="another size than its JSON says"):
        decoded("k1", replace(moving, frames_jpeg=other).members())


def without_frames(moving: Sample) -> Sample:
    return replace(moving, frames_jpeg=b"")


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (replace(filmed(sample(1)), frames_jpeg=filmed(sample(1), 5).frames_jpeg), "another size"),
        (replace(filmed(sample(1)), frames_jpeg=b"no picture"), "frames does not decode"),
        (without_frames(filmed(sample(1))), "has the members"),
        (replace(sample(1), frames_jpeg=filmed(sample(1)).frames_jpeg), "has the members"),
    ],
)
def test_verify_finds_wrong_frames(tmp_path: Path, wrong: Sample, expected: str) -> None:
    out = write_dataset(tmp_path, {"data/train-000000.tar": [filmed(sample(2)), wrong]})
    _, problems = verify(out)
    assert any(expected in problem.what for problem in problems)
    assert not [problem for problem in problems if "k00002" in problem.where]
