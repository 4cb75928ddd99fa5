"""A sound as a condition: music like that of a file, and clips of music alone to train on."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from mmusset.errors import UsageError
from mmusset.musflow.data.beat import NO_BEAT
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.given_sound import beat_like
from mmusset.musflow.generate.requests import GenerationRequest, expand
from mmusset.musflow.model.alignment import Alignment
from mmusset.musflow.model.guidance import guided_velocity
from mmusset.musflow.recipe import CONDITIONS, EMBEDDED, AlignmentPart, MusFlowRecipe
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.stages import Training, run
from mmusset.progress import Progress
from mmusset.recipe_file import load
from mmusset.training.world import World
from tests.support.musflow_parts import SMALLEST, dataset, remake, tone
from tests.support.musflow_trained import Trained, random_model


class Log(Progress):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def log(self, line: str, event: str = "log", **facts: object) -> None:
        self.lines.append(line)


def alone(tar: Path) -> None:
    """Leave nothing of a shard's samples but their music."""
    remake(tar, lambda name, data: data if name.endswith(".music.flac") else None)


def train(folder: Path, *more: str) -> tuple[MusicGenerator, list[str]]:
    """Trained on clips of which half are music alone, and validated on such clips."""
    clips = [tone(n, seconds=2.0) for n in range(6)]
    source = dataset(folder / "dataset", train_0=clips[:2], train_1=clips[2:4])
    held_out = dataset(folder / "held out", validation_0=clips[4:])
    for shard in (held_out / "data").iterdir():
        shard.rename(source / "data" / shard.name)
    for name in ("train-000001.tar", "validation-000000.tar"):
        alone(source / "data" / name)
    (source / "manifest.json").unlink()  # another tool's dataset has none
    recipe, log = load(MusFlowRecipe, "musflow-tiny", SMALLEST + more), Log()
    done = run(Training(str(source), recipe, RunFolder(folder / "run"), World(0, 1, "cpu"), log))
    assert done.validation, "against another clip's sound"
    return MusicGenerator(folder / "run", "cpu", lambda line: None), log.lines


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[MusicGenerator, list[str]]:
    return train(tmp_path_factory.mktemp("audio"))


@pytest.fixture
def composer(made: tuple[MusicGenerator, list[str]]) -> MusicGenerator:
    return made[0]


def sound(path: Path, hz: float, seconds: float = 2.0, rate_hz: int = 22050) -> Path:
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    soundfile.write(path, np.sin(2 * np.pi * hz * at_s) / 2, rate_hz)
    return path


def test_music_alone_trains_the_flow(made: tuple[MusicGenerator, list[str]]) -> None:
    composer, lines = made
    assert "2 of 4 training clips are music alone: their own sound is their condition" in lines
    assert not [line for line in lines if "unusable" in line and ", 0 unusable" not in line]
    assert composer.model.tokens == EMBEDDED


def test_what_is_made_is_like_a_sound(composer: MusicGenerator, tmp_path: Path) -> None:
    low, high = (sound(tmp_path / f"{hz}.wav", hz) for hz in (110, 3000))
    part = composer.recipe.sampler
    asked = GenerationRequest(tmp_path / "a.flac", audio=low)
    one, again, other = (composer.compose(replace(asked, audio=f), part) for f in (low, low, high))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    unheeded = replace(asked, guidance={"audio": 0.0})
    nothing = GenerationRequest(tmp_path / "a.flac")
    assert torch.equal(composer.compose(unheeded, part), composer.compose(nothing, part))
    tags = composer.tags(asked, part)
    assert (tags["conditions"], len(tags["audio_sha256"])) == (["audio"], 64)


def test_a_sound_from_a_table(composer: MusicGenerator, tmp_path: Path) -> None:
    sound(tmp_path / "song.wav", 440)
    table = tmp_path / "wishes.csv"
    table.write_text("audio,caption\nsong.wav,A fast piece.\nsong.wav,\n")
    both, one = expand(GenerationRequest(tmp_path / "x.flac"), table, tmp_path / "made", ())
    assert (both.conditions, one.conditions) == (("caption", "audio"), ("audio",))
    assert composer.conditions(both).present.tolist() == [[False, False, True, True]]


def test_it_is_played_to_the_tempo_of_the_sound(composer: MusicGenerator, tmp_path: Path) -> None:
    """As sure as that is there, unless another is asked for."""
    clicks = np.zeros(10 * 16000, np.float32)
    clicks[::8000] = 1  # 120 BPM
    clicks = np.convolve(clicks, np.hanning(64))[:160000].astype(np.float32)
    beat = beat_like(clicks, 16000)
    assert beat.bpm == pytest.approx(120, rel=0.03)
    assert (beat.phase, beat.weight > 0.5) == (0.0, True)
    assert beat_like(np.zeros(16000, np.float32), 16000) == NO_BEAT
    asked = GenerationRequest(tmp_path / "a.flac", audio=sound(tmp_path / "x.wav", 440))
    other = composer.conditions(replace(asked, caption="A piece at 90 BPM.")).beat
    assert (other.bpm, composer.conditions(replace(asked, bpm=70)).beat.bpm) == (90, 70)
    soundfile.write(tmp_path / "x.wav", clicks, 16000)
    for caption, keeps in (("The piece is not slow.", True), ("The piece is slow.", False)):
        told = composer.conditions(replace(asked, caption=caption)).beat
        assert (told.bpm == pytest.approx(120, rel=0.03)) == keeps, caption


@pytest.mark.parametrize(
    ("seconds", "why"),
    [(0.5, "shorter than 1 s"), (0.0, "shorter than 1 s"), (None, "can't be heard .file is gone")],
)
def test_a_sound_that_can_not_be_heard_is_refused(
    composer: MusicGenerator, tmp_path: Path, seconds: float | None, why: str
) -> None:
    file = tmp_path / "x.wav"
    if seconds is not None:
        sound(file, 440, seconds)
    with pytest.raises(UsageError, match=why):
        composer.conditions(GenerationRequest(tmp_path / "a.flac", audio=file))


def test_a_model_that_was_told_no_sounds_is_given_none(trained: Trained, tmp_path: Path) -> None:
    composer = MusicGenerator(trained.run, "cpu", lambda line: None)
    asked = GenerationRequest(tmp_path / "a.flac", audio=sound(tmp_path / "x.wav", 440))
    with pytest.raises(UsageError, match=r"without sounds as a condition \(network.audio\)"):
        composer.conditions(asked)


def test_guidance_is_a_chain_in_which_the_sound_comes_last() -> None:
    model = random_model(audio=True)
    torch.manual_seed(1)
    x, t = torch.randn(2, 6, 4), torch.rand(2)
    aligned = torch.nn.functional.normalize(torch.randn(2, 4, 68), dim=-1)
    present, beat = torch.tensor([[False, False, True, True]] * 2), torch.zeros(2, 3)

    def v(*names: str) -> torch.Tensor:
        kept = torch.tensor([name in names for name in EMBEDDED]).expand(2, -1)
        return model.network(x, t, *model.condition(aligned, kept, beat, 6))

    with torch.no_grad():
        scales = dict.fromkeys(CONDITIONS, 2.0) | {"audio": 5.0}
        guided = guided_velocity(model, aligned, present, beat, 6, scales)(x, t)
        base, caption, both = v(), v("caption"), v("caption", "audio")
        expected = base + 2 * (caption - base) + 5 * (both - caption)
    torch.testing.assert_close(guided, expected, atol=1e-3, rtol=1e-3)


def test_a_batch_of_music_alone_has_nothing_to_align() -> None:
    alignment = Alignment(AlignmentPart(hidden=8), dict.fromkeys(EMBEDDED, 6))
    embeddings = {name: torch.randn(4, 6) for name in EMBEDDED}
    aligned, target = alignment(embeddings), alignment.target(embeddings["audio"])
    present, kin = torch.zeros(4, 3, dtype=torch.bool), torch.arange(8).reshape(4, 2)
    beat = torch.tensor([[120.0, 0.0, 1.0]]).expand(4, -1)
    loss = alignment.loss(aligned, target, present, kin, beat)
    loss.backward()
    assert torch.isfinite(loss)
    assert not any(w.grad.any() for w in alignment.adapters.parameters() if w.grad is not None)


def test_a_sample_may_be_a_flac_alone() -> None:
    from mmusset.shards.reader import decoded

    file = io.BytesIO()
    soundfile.write(file, np.zeros((800, 2)), 16000, format="FLAC")
    read = decoded("k1", {"music.flac": file.getvalue()})
    assert (read.image, read.story, read.caption, read.picture, read.facts) == (
        None,
        "",
        "",
        "",
        {},
    )
    assert read.sound.shape == (800, 2)
