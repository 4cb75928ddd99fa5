"""Going on from music and filling gaps in it: what is known stays, and what is made fits it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor

from mmusset.errors import UsageError
from mmusset.musflow.data.cache import LatentBatch
from mmusset.musflow.encoders.encoders import open_encoders
from mmusset.musflow.generate.generate import generate_pieces
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.given_sound import crossfaded
from mmusset.musflow.generate.requests import GenerationRequest, request_of_options
from mmusset.musflow.generate.windows import PieceWindow, composed_latents, filled_latents, spans
from mmusset.musflow.model.flow import SOLVERS, timestep_grid
from mmusset.musflow.model.guidance import guided_velocity
from mmusset.musflow.model.known import KnownPart, along_known, draw_known
from mmusset.musflow.model.musflow import draw
from mmusset.musflow.model.sampler import sample
from mmusset.musflow.recipe import MODALITIES, FlowTrainPart, MusFlowRecipe, SamplerPart
from tests.support.musflow_trained import Trained, random_model

RATE_HZ = 16000
WIDTHS = open_encoders(MusFlowRecipe().encoders).widths()


def test_a_share_of_the_samples_is_told_all_but_a_gap() -> None:
    torch.manual_seed(0)
    known = draw_known(torch.rand(4000, 3), 0.3, 64)
    told = known[known.any(dim=1)]
    assert len(told) / len(known) == pytest.approx(0.3, abs=0.03)
    changes = (told[:, 1:] != told[:, :-1]).sum(dim=1)
    assert changes.max() <= 2, "one gap"
    lengths = (~told).sum(dim=1)
    assert (int(lengths.min()), int(lengths.max())) == (8, 56)
    at_the_end = (~told[:, -1]).float().mean()
    assert 0.5 <= float(at_the_end) < 0.6
    assert not draw_known(torch.rand(100, 3), 0.0, 64).any()


def test_what_is_known_is_no_part_of_the_loss() -> None:
    """Whatever the network says there; and what is not known reaches it by no way."""
    model = random_model()
    latents = torch.randn(2, 8, 4)
    embeddings = {name: torch.randn(2, w) for name, w in WIDTHS.items()}
    batch = LatentBatch(
        keys=("a", "b"),
        mean=latents,
        std=None,
        embeddings=embeddings,
        captions=embeddings["caption"][:, None],
        present=torch.ones(2, 3, dtype=torch.bool),
        kin=torch.arange(4).reshape(2, 2),
        beat=torch.zeros(2, 3),
    )
    draws = draw(FlowTrainPart(), 0, (2, 8, 4), batch.present)
    known = torch.arange(8)[None].expand(2, -1) < 3
    part = replace(draws, known=known)
    with torch.no_grad():
        whole = model(batch, replace(draws, known=torch.zeros_like(known))).flow
        losses = model(batch, part).flow
        x1 = model.normalize(latents)
        condition = model.condition(
            model.alignment(embeddings),
            draws.condition_mask,
            batch.beat,
            8,
            KnownPart(x1, known),
        )
        x = (1 - draws.timesteps[:, None, None]) * draws.noise
        v = model.network(x + draws.timesteps[:, None, None] * x1, draws.timesteps, *condition)
        errors = (v - (x1 - draws.noise)).square().mean(dim=2)
    torch.testing.assert_close(losses, errors[:, 3:].mean(dim=1))
    assert not torch.allclose(losses, whole)
    hidden = latents.clone()
    hidden[:, 3:] += 1
    assert torch.equal(KnownPart(latents, known).features(), KnownPart(hidden, known).features())


def condition(aligned: Tensor) -> Tensor:
    return torch.ones(len(aligned), 3, dtype=torch.bool)


@pytest.mark.parametrize("method", ["euler", "midpoint", "ab2"])
def test_by_every_sampler_what_is_known_comes_back(method: str) -> None:
    model = random_model()
    torch.manual_seed(1)
    aligned = torch.nn.functional.normalize(torch.randn(1, 3, 68), dim=-1)
    x1, mask = torch.randn(1, 8, 4), torch.arange(8)[None] % 3 == 0
    part = SamplerPart.model_validate({"method": method, "steps": 5})
    args = (model, aligned, condition(aligned), 8, part)
    made = model.normalize(sample(*args, seed=0, known=KnownPart(x1, mask)))
    torch.testing.assert_close(made[mask], x1[mask], atol=1e-4, rtol=1e-4)
    other = x1.clone()
    other[~mask] += 1
    again = model.normalize(sample(*args, seed=0, known=KnownPart(other, mask)))
    torch.testing.assert_close(again, made)
    free = model.normalize(sample(*args, seed=0))
    assert float((free - made)[~mask].abs().max()) > 0.01, "what is known tells of the rest"


def test_on_its_way_what_is_known_is_where_training_had_it() -> None:
    """At each step it lies on the straight path from the noise."""
    torch.manual_seed(0)
    x0, x1 = torch.randn(1, 6, 4), torch.randn(1, 6, 4)
    met = []

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        met.append((float(t[0]), x))
        return torch.zeros_like(x)

    known = KnownPart(x1, torch.ones(1, 6, dtype=torch.bool))
    SOLVERS["midpoint"](along_known(velocity, x0, known), x0, timestep_grid(4))
    assert len(met) == 8
    for t, x in met:
        torch.testing.assert_close(x, (1 - t) * x0 + t * x1, atol=1e-5, rtol=1e-5)


def test_a_negative_prompt_is_led_away_from() -> None:
    """v(without) + g (v(c) - v(without)); without any c, from it to v()."""
    model = random_model()
    torch.manual_seed(1)
    x, t = torch.randn(2, 6, 4), torch.rand(2)
    aligned = torch.nn.functional.normalize(torch.randn(2, 3, 68), dim=-1)
    negative = torch.nn.functional.normalize(torch.randn(2, 68), dim=-1)
    there, none = condition(aligned), torch.zeros(2, 3, dtype=torch.bool)
    beat = torch.zeros(2, 3)
    as_caption, only_caption = aligned.clone(), none.clone()
    as_caption[:, 2], only_caption[:, 2] = negative, True

    def v(embeddings: Tensor, mask: Tensor) -> Tensor:
        return model.network(x, t, *model.condition(embeddings, mask, beat, 6))

    def guided(present: Tensor, scale: float) -> Tensor:
        scales = dict.fromkeys(MODALITIES, scale)
        return guided_velocity(model, aligned, present, beat, 6, scales, without=negative)(x, t)

    with torch.no_grad():
        unwanted = v(as_caption, only_caption)
        for present, wanted in ((there, v(aligned, there)), (none, v(aligned, none))):
            expected = unwanted + 3 * (wanted - unwanted)
            torch.testing.assert_close(guided(present, 3.0), expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(guided(there, 0.0), v(aligned, none), atol=1e-5, rtol=1e-5)


def test_windows_reach_any_length() -> None:
    assert list(spans(10, 0, 16)) == [(0, 10)]
    assert list(spans(16, 0, 16)) == [(0, 16)]
    assert list(spans(40, 0, 16)) == [(0, 16), (8, 24), (16, 32), (24, 40)]
    assert list(spans(20, 0, 16)) == [(0, 16), (4, 20)]
    assert list(spans(50, 40, 16)) == [(32, 48), (34, 50)]
    assert list(spans(7, 3, 16)) == [(0, 7)]
    asked = list[PieceWindow]()

    def compose(window: PieceWindow) -> Tensor:
        asked.append(window)
        made = torch.full((1, window.stop - window.start, 1), float(window.number))
        if window.known is None:
            return made
        return torch.where(window.known.mask[..., None], window.known.latents, made)

    made = composed_latents(compose, 40, 16)
    assert made.flatten().tolist() == [0.0] * 16 + [1.0] * 8 + [2.0] * 8 + [3.0] * 8
    begun = torch.full((1, 20, 1), 9.0)
    made = composed_latents(compose, 24, 16, begun)
    assert made.flatten().tolist() == [9.0] * 20 + [0.0] * 4
    filled = filled_latents(compose, 16, begun, (2, 5))
    assert filled.flatten().tolist() == [9.0] * 2 + [0.0] * 3 + [9.0] * 15
    assert (asked[-1].start, asked[-1].stop) == (0, 16)


@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_a_cross_fade_keeps_the_level(alike: float) -> None:
    noise = np.random.default_rng(0).normal(size=(2, 1, 48000)).astype(np.float32)
    one, other = (torch.from_numpy(each) for each in noise)
    faded = crossfaded(one, one if alike else other)
    levels = [float(part.std()) for part in faded.chunk(8, dim=1)]
    assert all(level == pytest.approx(1, abs=0.05) for level in levels)


@pytest.fixture(scope="module")
def composer(trained: Trained) -> MusicGenerator:
    return MusicGenerator(trained.run, "cpu", print)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """1.9 s and some, at the model's rate."""
    time_s = np.arange(30500) / RATE_HZ
    sound = 0.3 * np.sin(2 * np.pi * 220 * time_s) * (1 + np.sign(np.sin(2 * np.pi * 2 * time_s)))
    soundfile.write(tmp_path / "song.flac", sound, RATE_HZ, subtype="PCM_16")
    return tmp_path / "song.flac"


def test_a_song_goes_on(composer: MusicGenerator, song: Path, tmp_path: Path) -> None:
    asked = GenerationRequest(tmp_path / "more.flac", continued=song, seconds=4.5)
    list(generate_pieces(composer, [asked], composer.recipe.sampler, 0))
    whole, _ = soundfile.read(asked.out)
    given, _ = soundfile.read(song)
    assert len(whole) == 72000
    exact = len(given) - round(0.03 * RATE_HZ)
    assert np.abs(whole[:exact] - given[:exact]).max() < 2 / 32768
    assert np.std(whole[len(given) :]) > 1e-3
    other = replace(asked, out=tmp_path / "other.flac", seed=1)
    list(generate_pieces(composer, [other], composer.recipe.sampler, 0))
    again, _ = soundfile.read(other.out)
    assert np.abs(again[:exact] - whole[:exact]).max() < 2 / 32768
    assert np.abs(again[len(given) :] - whole[len(given) :]).max() > 0.01


def test_the_file_says_how_long_it_is(composer: MusicGenerator, song: Path, tmp_path: Path) -> None:
    """Without `seconds` a song goes on for half a training clip, and a gap leaves its length."""
    part, length_s = composer.recipe.sampler, soundfile.info(song).duration
    on = GenerationRequest(tmp_path / "on.flac", continued=song)
    mended = replace(on, out=tmp_path / "mended.flac", fill=(0.7, 1.1))
    list(generate_pieces(composer, [on, mended], part, 0))
    for asked, seconds in ((on, length_s + composer.seconds / 2), (mended, length_s)):
        with soundfile.SoundFile(asked.out) as file:
            assert json.loads(file.comment)["seconds"] == pytest.approx(seconds, abs=1e-4)
            assert file.frames / RATE_HZ == pytest.approx(seconds, abs=1e-4)
    assert list(generate_pieces(composer, [on, mended], part, 0)) == [], "they are there already"


def test_a_gap_is_filled(composer: MusicGenerator, song: Path, tmp_path: Path) -> None:
    asked = GenerationRequest(tmp_path / "mended.flac", continued=song, fill=(0.7, 1.1))
    list(generate_pieces(composer, [asked], composer.recipe.sampler, 0))
    mended, _ = soundfile.read(asked.out)
    given, _ = soundfile.read(song)
    assert len(mended) == len(given)
    fade, start, stop = round(0.03 * RATE_HZ), round(0.7 * RATE_HZ), round(1.1 * RATE_HZ)
    outside = np.r_[0 : start - fade, stop + fade : len(given)]
    assert np.abs(mended[outside] - given[outside]).max() < 2 / 32768
    assert np.abs(mended[start:stop] - given[start:stop]).max() > 0.01
    tags = composer.tags(asked, composer.recipe.sampler)
    assert tags["fill"] == (0.7, 1.1)
    assert len(tags["continued_sha256"]) == 64


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fill": (1.0, 60.0)}, "does not lie within"),
        ({"fill": (0.1, 1.7)}, "makes at most"),
        ({"seconds": 1.0}, "is the length of the whole"),
    ],
)
def test_what_can_not_be_made_is_refused(
    composer: MusicGenerator, song: Path, changes: dict[str, object], said: str
) -> None:
    asked = GenerationRequest(song.with_name("x.flac"), continued=song)
    with pytest.raises(UsageError, match=said):
        composer.compose(replace(asked, **changes), composer.recipe.sampler)  # type: ignore[arg-type]


def test_files_that_are_no_such_sound(composer: MusicGenerator, tmp_path: Path) -> None:
    (tmp_path / "no.flac").write_text("no sound")
    soundfile.write(tmp_path / "low.wav", np.zeros(8000), 8000)
    for name, said in (
        ("no.flac", "is no sound that can be read"),
        ("low.wav", "has 8000 Hz, and the model makes music of 16000 Hz"),
        ("none.flac", "can't read"),
    ):
        with pytest.raises(UsageError, match=said):
            composer.conditions(GenerationRequest(tmp_path / "x.flac", continued=tmp_path / name))


def test_options_that_do_not_go_together(song: Path) -> None:
    def of_options(**changes: object) -> GenerationRequest:
        options = dict.fromkeys(("out", "image", "story", "caption", "bpm", "seconds"))
        return request_of_options(**options, guidance=(), **changes)  # type: ignore[arg-type]

    assert of_options(continued=song, fill="4:6.5").fill == (4, 6.5)
    for changes, said in (
        ({"fill": "4:6"}, "--fill goes with --continue"),
        ({"continued": song, "fill": "6:4"}, "to a later one"),
        ({"continued": song, "fill": "6"}, "two seconds, such as 4:6"),
        ({"without": " "}, "--without is empty"),
    ):
        with pytest.raises(UsageError, match=said):
            of_options(**changes)
