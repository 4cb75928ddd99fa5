"""A training on clips of which some have a video, and music that goes along with one."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmusset.errors import UsageError
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.requests import GenerationRequest
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.model_folder.trained import ModelFolder
from mmusset.musflow.publishing.pack import packed
from mmusset.musflow.recipe import EMBEDDED, MusFlowRecipe
from mmusset.musflow.training.beginning import begin_with
from mmusset.musflow.training.cost import step_flops
from mmusset.musflow.training.plan import TrainingPlan, plan
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.stages import Training
from mmusset.progress import Progress
from mmusset.recipe_file import load
from mmusset.training.world import World
from tests.support.cards import card
from tests.support.films import film
from tests.support.musflow_parts import SMALLEST, dataset
from tests.support.musflow_trained import Trained
from tests.support.video_training import clip, trained_on_videos


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> MusicGenerator:
    return MusicGenerator(trained_on_videos(tmp_path_factory), "cpu", lambda line: None)


def planned(source: Path, folder: Path, *more: str) -> TrainingPlan:
    recipe, run_folder = load(MusFlowRecipe, "musflow-tiny", SMALLEST + more), RunFolder(folder)
    return plan(Training(str(source), recipe, run_folder, World(0, 1, "cpu"), Progress()))


@pytest.mark.parametrize("known_by", ["the cache", "the shards"])
def test_a_plan_counts_the_frames(composer: MusicGenerator, tmp_path: Path, known_by: str) -> None:
    run_folder = composer.path.parents[1]
    found = planned(
        run_folder.parent / "dataset",
        run_folder if known_by == "the cache" else tmp_path / "run",
    )
    assert found.video_frames == 2
    assert found.memory.trained == sum(w.numel() for w in composer.model.parameters())
    tokens = len(EMBEDDED) + 2
    assert found.flops_per_step == step_flops(
        composer.model.network.config, found.frames, tokens, clips=4
    )


def test_a_plan_finds_the_one_clip_that_has_a_video(tmp_path: Path) -> None:
    stills = dataset(tmp_path / "stills", train_0=[clip(1), clip(3)], validation_0=[clip(2)])
    mixed = dataset(tmp_path / "mixed", train_0=[clip(1)], train_1=[clip(3), clip(2)])
    # Large enough that it is the network, not the alignment, which takes the most memory.
    size, run_folder = ("network.width=128", "network.depth=2"), tmp_path / "run"
    still, moving = (planned(source, run_folder, *size) for source in (stills, mixed))
    assert (still.video_frames, moving.video_frames) == (0, 2)
    assert moving.memory.trained > still.memory.trained
    assert moving.memory.activations > still.memory.activations


def brightening(path: Path, seconds: float, most: int = 255) -> Path:
    count = round(10 * seconds)
    greys = (round(most * n / count) for n in range(count))
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[10:20, 10:30] = 128  # so that no frame is of one colour
    return film(path, [Image.fromarray(np.maximum(picture, grey)) for grey in greys])


def test_some_clips_have_a_video_and_some_have_none(composer: MusicGenerator) -> None:
    assert composer.manifest.video_frames == 4
    assert composer.model.network.config.video_features == 2 * composer.encoders.image.width


def test_music_is_as_long_as_its_video_and_follows_it(
    composer: MusicGenerator, tmp_path: Path
) -> None:
    dark, light = (brightening(tmp_path / f"{m}.mkv", 1.6, m) for m in (60, 255))
    part = composer.recipe.sampler
    # Without the best frame as an image, so that it is their course which differs.
    asked = GenerationRequest(tmp_path / "a.flac", video=dark, guidance={"image": 0.0})
    one, again, other = (
        composer.compose(replace(asked, video=v), part) for v in (dark, dark, light)
    )
    assert one.shape[1] == round(1.6 * 16000)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert asked.conditions == ("video",)
    longer = composer.compose(replace(asked, seconds=4.0), part)
    assert longer.shape[1] == 4 * 16000, "what follows has no frames"


def test_only_what_is_shown_meanwhile_counts(composer: MusicGenerator, tmp_path: Path) -> None:
    """Two videos that differ once the music is over: neither their frames nor their best one."""
    beginning = [card((64, 48)).rotate(8 * n) for n in range(26)]
    noise = Image.effect_noise((64, 48), 90).convert("RGB")
    short = film(tmp_path / "short.mkv", beginning)
    long = film(tmp_path / "long.mkv", beginning + [noise] * 20)
    asked = GenerationRequest(tmp_path / "a.flac", video=short, seconds=2.5)
    one, other = (
        composer.compose(replace(asked, video=v), composer.recipe.sampler) for v in (short, long)
    )
    assert torch.equal(one, other)


def test_a_live_recording_says_no_length(composer: MusicGenerator, tmp_path: Path) -> None:
    frames = [card((64, 48)).rotate(8 * n) for n in range(16)]
    video = film(tmp_path / "x.webm", frames, "libvpx", live=True)
    asked = GenerationRequest(tmp_path / "a.flac", video=video)
    made = composer.compose(asked, composer.recipe.sampler)
    assert made.shape[1] / 16000 == pytest.approx(1.6, abs=0.11)


def test_a_video_of_a_moment_is_one_picture(composer: MusicGenerator, tmp_path: Path) -> None:
    dark, light = (brightening(tmp_path / f"{m}.mkv", 0.3, m) for m in (60, 255))
    asked = GenerationRequest(tmp_path / "a.flac", video=dark, guidance={"image": 0.0})
    for seconds, made_s in ((0.0, composer.seconds), (0.4, 0.4)):
        one, other = (
            composer.compose(replace(asked, video=v, seconds=seconds), composer.recipe.sampler)
            for v in (dark, light)
        )
        assert one.shape[1] == round(made_s * 16000)
        assert not torch.equal(one, other)


def test_the_file_says_which_video_and_how_long(composer: MusicGenerator, tmp_path: Path) -> None:
    part, video = composer.recipe.sampler, brightening(tmp_path / "x.mkv", 1.6)
    asked = GenerationRequest(tmp_path / "a.flac", video=video)
    tags = composer.tags(asked, part)
    assert len(tags["video_sha256"]) == 64
    assert tags["conditions"] == ["video"]
    again = replace(asked, seconds=tags["seconds"])
    assert torch.equal(composer.compose(asked, part), composer.compose(again, part))
    moment = replace(asked, video=brightening(tmp_path / "y.mkv", 0.3))
    assert composer.tags(moment, part)["seconds"] == composer.seconds


def test_what_is_no_video_is_refused(composer: MusicGenerator, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video")
    with pytest.raises(UsageError, match=r"notes.mp4 does not decode"):
        composer.conditions(GenerationRequest(tmp_path / "a.flac", video=text))
    gone = GenerationRequest(tmp_path / "a.flac", video=tmp_path / "gone.mp4", where="line 2: ")
    with pytest.raises(UsageError, match=r"line 2: .*gone.mp4"):
        composer.conditions(gone)


def begun_with(model: ModelFolder, video_frames: int) -> tuple[MusFlow, list[str]]:
    """A model for a dataset with so many frames of videos, with another's weights; and what is said
    of those that are not taken over."""
    lines, part = list[str](), model.manifest
    manifest = part.cache.model_copy(update={"video_frames": video_frames})
    begun = MusFlow(part.recipe, manifest)
    begin_with(begun, model, lines.append)
    return begun, lines


def test_a_training_may_begin_with_a_model_that_saw_no_videos(
    trained: Trained, tmp_path: Path
) -> None:
    shutil.copytree(trained.run, tmp_path / "run")
    plain = packed(tmp_path / "run")
    begun, lines = begun_with(plain, video_frames=1)
    assert ["from the start" in line for line in lines] == [True, True]
    assert torch.equal(begun.network.proj_in.weight, plain.weights()["network.proj_in.weight"])


def test_or_with_one_that_saw_some_where_there_are_none(composer: MusicGenerator) -> None:
    moving = packed(composer.path.parents[1])
    begun, lines = begun_with(moving, video_frames=0)
    assert ["is left out" in line for line in lines] == [True, True]
    assert torch.equal(begun.network.proj_in.weight, moving.weights()["network.proj_in.weight"])
