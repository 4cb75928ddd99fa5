"""A checkpoint evaluated: its rows, its codec, and what is left of it without each part."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmusset.errors import Refused
from mmusset.evaluation.ablation import ABLATIONS
from mmusset.evaluation.ears import EARS
from mmusset.evaluation.evaluate import evaluate
from mmusset.evaluation.made import seed_of
from mmusset.evaluation.settings import EvaluationSettings
from mmusset.progress import PlainProgress, Progress
from tests.support.evaluating import BANDS_EAR
from tests.support.musflow_parts import dataset
from tests.support.musflow_trained import Trained
from tests.support.samples import with_frames
from tests.support.video_training import clip, trained_on_videos

pytestmark = pytest.mark.slow


def settings_for(trained: Trained, run: Path | None = None) -> EvaluationSettings:
    return EvaluationSettings(
        data=str(trained.dataset),
        split="train",
        checkpoint=str(run or trained.run),
        seeds=1,
        ears=("bands",),
        most=4,
        device="cpu",
    )


def test_rows_of_a_checkpoint(trained: Trained, tmp_path: Path) -> None:
    with EARS.added(BANDS_EAR):
        table, record = evaluate(settings_for(trained), tmp_path / "out", Progress(), print)
        assert [row.name for row in table.rows] == [
            *("real", "real through the codec", "nearest training clip"),
            *("image", "story", "caption", "all three", "nothing", "for another group"),
            *("shuffled frames", "noise", "silence"),
        ]
        speed = table.rows[3].figures["real-time factor"].measured
        assert speed
        assert speed.value > 0
        assert record.checkpoint_sha256
        # A second time nothing is made anew, and what another checkpoint made is not taken over.
        files = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.flac")}
        again, _ = evaluate(settings_for(trained), tmp_path / "out", Progress(), print)
        assert {path: path.stat().st_mtime_ns for path in files} == files
        assert again.rows[3].figures == table.rows[3].figures
        shutil.copytree(trained.run, tmp_path / "run")
        newest = sorted((tmp_path / "run" / "checkpoints").iterdir())[-1]
        newest.unlink()
        with pytest.raises(Refused, match="the evaluation of another checkpoint"):
            evaluate(settings_for(trained, tmp_path / "run"), tmp_path / "out", Progress(), print)


def test_a_row_of_videos(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """Of the clips that have one, by a model that knows videos; music to it is not that to their
    pictures alone. One that shows nothing while music is made to it is named."""
    run = trained_on_videos(tmp_path_factory)
    clips = [clip(number) for number in range(4)]
    dark, bright = Image.new("RGB", (64, 48)), Image.new("RGB", (64, 48), "navy")
    bright.paste((200, 40, 40), (40, 24, 64, 48))
    clips[1] = with_frames(clips[1], [bright, dark])
    clips[3] = with_frames(clips[3], [dark, dark, dark, bright])
    settings = EvaluationSettings(
        data=str(dataset(tmp_path / "data", train_0=clips)),
        split="train",
        checkpoint=str(run),
        seeds=1,
        ears=("bands",),
        device="cpu",
    )
    with EARS.added(BANDS_EAR):
        table, _ = evaluate(settings, tmp_path / "out", Progress(), print)
    row, whole = table.row("video"), table.row("image")
    assert row
    assert whole
    assert (row.clips, whole.clips) == (3, 4)
    (note,) = table.notes
    assert note.startswith("k00003 is left out of the row video: ")
    assert row.figures["real-time factor"].measured
    places = [tmp_path / "out" / "sounds" / name for name in ("video", "image")]
    for file in sorted(places[0].glob("*.flac")):
        to_video, to_image = (soundfile.read(place / file.name)[0] for place in places)
        assert len(to_video) == len(to_image), "frames of two seconds, and a clip of 2.5"
        assert not np.array_equal(to_video, to_image)


def test_without_each_part(trained: Trained, tmp_path: Path) -> None:
    """Trainings of the same recipe, each without one part; the first one is left as it is."""
    before = sorted(path.name for path in trained.run.rglob("*"))
    said, shown = list[str](), io.StringIO()
    settings = settings_for(trained).model_copy(update={"ablate": True})
    with EARS.added(BANDS_EAR):
        table, _ = evaluate(settings, tmp_path / "out", PlainProgress(shown), said.append)
    assert "training" in shown.getvalue()
    assert "that it is fitted on" not in shown.getvalue(), "the codec stays as it is"
    names = [row.name for row in table.rows]
    parts = {each.name for each in ABLATIONS}
    assert parts - set(names) == {"without sounds"}, "which this model never had"
    assert {"12 steps", "guidance 1"} < set(names)
    assert f"4 trainings, each as long as that of {trained.run}" in said
    assert sorted(path.name for path in trained.run.rglob("*")) == before
    row = table.row("without the metronome")
    assert row
    assert "claims kept" in row.differences


def test_noise_is_a_clips_own() -> None:
    """Of each clip and seed another, the same on any machine."""
    assert seed_of("k00001", 0) == seed_of("k00001", 0)
    assert len({seed_of(key, seed) for key in ("k00001", "k00002") for seed in (0, 1)}) == 4
