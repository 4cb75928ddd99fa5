"""`mmusset generate` on a model that was really trained: what comes out, and what is refused."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from tinytag import TinyTag
from torch import Tensor

from mmusset.cli import main as cli
from mmusset.errors import MmussetError, UsageError
from mmusset.files import file_sha256
from mmusset.musflow.data.beat import Beat
from mmusset.musflow.data.cache import Cache
from mmusset.musflow.data.encode import whole_frames
from mmusset.musflow.generate.generate import generate_pieces
from mmusset.musflow.generate.generator import MusicGenerator
from mmusset.musflow.generate.requests import GenerationRequest, guidance_of
from mmusset.musflow.model import sampler
from mmusset.musflow.recipe import SamplerPart
from mmusset.shards.reader import decode_sound, raw_samples, shards_of, split_of
from tests.support.command import mmusset
from tests.support.films import film
from tests.support.musflow_trained import Trained

FAST, SLOW = "A fast, loud piece with drums.", "A slow, quiet piece for solo piano."
STORY = "A boy runs along the beach, and the sun goes down."


class Said(NamedTuple):
    code: int
    out: str
    err: str


Ask = Callable[..., Said]


@pytest.fixture(scope="module")
def composer(trained: Trained) -> MusicGenerator:
    return MusicGenerator(trained.run, "cpu", print)


@pytest.fixture
def whole(trained: Trained, tmp_path: Path) -> GenerationRequest:
    """All three conditions."""
    return GenerationRequest(tmp_path / "a.flac", image=trained.picture, story=STORY, caption=FAST)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """`mmusset generate WORDS`, in this process."""

    def run(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["mmusset", "generate", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Said(int(ended.value.code or 0), *capsys.readouterr())

    return run


def composed(
    composer: MusicGenerator, asked: GenerationRequest, part: SamplerPart | None = None
) -> Tensor:
    return composer.compose(asked, part or composer.recipe.sampler)


def test_a_model_that_was_trained_on_no_videos_is_given_none(
    composer: MusicGenerator, tmp_path: Path
) -> None:
    whole = Image.effect_noise((64, 48), 90).convert("RGB")
    video = film(tmp_path / "x.mkv", [whole] * 10)
    with pytest.raises(UsageError, match=r"was trained on no videos.*--image"):
        composer.conditions(GenerationRequest(tmp_path / "a.flac", video=video))


def test_the_commands_of_the_help(trained: Trained, tmp_path: Path, ask: Ask) -> None:
    """Three conditions and two seeds: two files that say what they are, once and for all."""
    words = ("generate", trained.run, "--image", trained.picture)
    words += ("--story", STORY, "--caption", FAST, "--seed", "1", "--seed", "2")
    first = mmusset(*words, "--closest", "2", "--out", tmp_path / "a.flac", "--json")
    assert first.returncode == 0, first.stderr
    told = [json.loads(line) for line in first.stdout.splitlines()]
    assert [piece["out"] for piece in told] == [
        str(tmp_path / "a-seed1.flac"),
        str(tmp_path / "a-seed2.flac"),
    ]
    for seed, piece in enumerate(told, 1):
        assert (piece["seed"], piece["rate_hz"]) == (seed, 16000)
        assert piece["conditions"] == ["image", "story", "caption"]
        assert piece["peak_dbfs"] < -0.9
        assert len(piece["closest"]) == 2
        assert piece["closest"][0]["similarity"] >= piece["closest"][1]["similarity"]
        comment = json.loads(TinyTag.get(piece["out"]).as_dict()["comment"][0])
        with soundfile.SoundFile(piece["out"]) as file:
            assert json.loads(file.comment) == comment
            assert (file.samplerate, file.channels) == (16000, 1)
        newest = trained.run / "checkpoints" / "step-00000008.pt"
        assert comment["generated"] is True
        assert comment["model"] == "musflow-tiny"
        assert comment["checkpoint"] == file_sha256(newest)[:16]
        assert comment["seed"] == seed
        assert comment["conditions"] == ["image", "story", "caption"]
        assert comment["image_sha256"] == file_sha256(trained.picture)
        assert (comment["story"], comment["caption"]) == (STORY, FAST)

    again = mmusset(*words, "--out", tmp_path / "b.flac")
    assert again.returncode == 0, again.stderr
    assert "from image, story, caption, seed 1, peak" in again.stdout
    sounds = [(tmp_path / f"{name}.flac").read_bytes() for name in ("a-seed1", "b-seed1")]
    assert sounds[0] == sounds[1], "the same seed, the same file"
    assert sounds[0] != (tmp_path / "a-seed2.flac").read_bytes()

    once_more = ask(*words[1:], "--out", tmp_path / "b.flac")
    assert (once_more.code, once_more.out) == (1, "")
    assert once_more.err == (
        f"mmusset: {tmp_path}/b-seed1.flac is there already; name another with --out\n"
    )
    assert (tmp_path / "b-seed1.flac").read_bytes() == sounds[1]


def test_a_table_of_wishes(trained: Trained, tmp_path: Path, ask: Ask) -> None:
    """It may be stopped, and goes on; but it overwrites nothing."""
    shutil.copy(trained.picture, tmp_path / "beach.png")
    (tmp_path / "boy.txt").write_text(STORY)
    table = tmp_path / "wishes.csv"
    table.write_text(
        f'image,story,caption,seconds,seed,out\nbeach.png,boy.txt,,,,\n,,"{FAST}",0.5,3,fast.wav\n'
        f',"{STORY}",,,,\n'
    )
    words = (trained.run, "--csv", table, "--out", tmp_path / "made")
    first = mmusset("generate", *words)
    assert first.returncode == 0, first.stderr
    made = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    assert sorted(made) == ["0001.flac", "0003.flac", "fast.wav"]
    assert soundfile.info(tmp_path / "made" / "fast.wav").frames == 8000

    (tmp_path / "made" / "fast.wav").unlink()
    second = ask(*words)
    assert second.code == 0, second.err
    assert len(second.out.splitlines()) == 1
    assert second.err.count("is there already, and stays") == 2
    assert {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()} == made

    table.write_text(f'caption\n"{SLOW}"\n')
    other = ask(*words)
    assert (other.code, other.out) == (1, "")
    assert "line 2: " in other.err
    assert "0001.flac is there already, and is not this piece" in other.err
    assert (tmp_path / "made" / "0001.flac").read_bytes() == made["0001.flac"]


@pytest.mark.slow
def test_what_is_asked_changes_the_sound(
    composer: MusicGenerator, whole: GenerationRequest
) -> None:
    """Every one of the eight subsets of conditions is music, and other music."""
    asked = []
    for number in range(8):
        left_out = {
            "image": {} if number & 1 else {"image": None},
            "story": {} if number & 2 else {"story": ""},
            "caption": {} if number & 4 else {"caption": ""},
        }
        asked.append(
            replace(whole, **{k: v for part in left_out.values() for k, v in part.items()})
        )
    sounds = [composed(composer, each) for each in asked]
    for number, sound in enumerate(sounds):
        assert sound.shape == (1, round(composer.seconds * 16000))
        assert float(sound.std()) > 1e-3
        for other in sounds[:number]:
            assert float((sound - other).abs().max()) > 0.01
    slow = composed(composer, replace(whole, caption=SLOW))
    assert float((slow - sounds[7]).abs().max()) > 0.01


def test_a_piece_does_not_hang_on_what_else_is_made(
    composer: MusicGenerator, whole: GenerationRequest
) -> None:
    other = replace(whole, caption=SLOW, story="", out=whole.out.with_name("b.flac"))
    again = replace(whole, out=whole.out.with_name("c.flac"))
    list(generate_pieces(composer, [whole, other, again], composer.recipe.sampler, 0))
    first, second, third = (soundfile.read(each.out)[0] for each in (whole, other, again))
    assert np.array_equal(first, third)
    assert not np.array_equal(first, second)
    conditions = composer.conditions(whole), composer.conditions(other)
    part, model = composer.recipe.sampler, composer.model
    many = sampler.sample(
        model,
        torch.cat([each.aligned for each in conditions]),
        torch.cat([each.present for each in conditions]),
        5,
        part,
        seed=0,
    )
    for number, each in enumerate(conditions):
        alone = sampler.sample(model, each.aligned, each.present, 5, part, seed=0)
        torch.testing.assert_close(many[number : number + 1], alone, atol=1e-4, rtol=1e-4)
        other_seed = sampler.sample(model, each.aligned, each.present, 5, part, seed=1)
        assert float((other_seed - alone).abs().max()) > 0.1


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.2345, 1.92, 7.0])
def test_it_is_as_long_as_it_is_asked_to_be(
    composer: MusicGenerator, whole: GenerationRequest, seconds: float
) -> None:
    """Shorter and longer than it was trained on; and what it is like can still be told."""
    asked = replace(whole, seconds=seconds)
    (made,) = generate_pieces(composer, [asked], composer.recipe.sampler, 1)
    assert soundfile.info(whole.out).frames == round(seconds * 16000)
    assert made.seconds == pytest.approx(seconds, abs=1e-4)
    assert -1 <= made.closest[0].similarity <= 1


def test_guidance_of_0_asks_for_nothing(composer: MusicGenerator, whole: GenerationRequest) -> None:
    nothing = composed(composer, GenerationRequest(whole.out))
    assert torch.equal(composed(composer, replace(whole, guidance=guidance_of(["0"]))), nothing)
    assert torch.equal(
        composed(composer, GenerationRequest(whole.out, guidance=guidance_of(["5"]))), nothing
    )


def test_the_tempo_is_what_is_asked_for(composer: MusicGenerator, whole: GenerationRequest) -> None:
    """By number before words, by words before what else the model reads; without the caption's
    guidance its words do not count."""

    def beat(**changes: object) -> Beat:
        return composer.conditions(replace(whole, **changes)).beat  # type: ignore[arg-type]

    assert beat(bpm=97.0) == Beat(97.0, 0.0, 1.0)
    assert beat(caption="A waltz at 84 BPM.") == Beat(84.0, 0.0, 1.0)
    assert beat(caption="A waltz at 84 BPM.", bpm=97.0).bpm == 97
    assert 120 <= beat(caption=FAST).bpm <= 240
    assert 40 <= beat(caption=SLOW).bpm <= 80
    read = beat(caption="")
    assert 0 < read.weight < 1
    assert beat(caption=SLOW, guidance={"caption": 0.0}) == read
    nothing = composer.conditions(GenerationRequest(whole.out)).beat
    assert nothing.weight == 0, "the model's own choice"


def test_another_tempo_is_another_piece(composer: MusicGenerator, whole: GenerationRequest) -> None:
    one, other = (composed(composer, replace(whole, bpm=bpm)) for bpm in (90.0, 91.0))
    assert not torch.equal(one, other)
    tags = composer.tags(replace(whole, bpm=90.0), composer.recipe.sampler)
    assert tags["bpm"] == 90


def test_guidance_of_0_for_one_leaves_it_out(
    composer: MusicGenerator, whole: GenerationRequest
) -> None:
    without = composed(composer, replace(whole, image=None))
    assert torch.equal(composed(composer, replace(whole, guidance={"image": 0.0})), without)


def test_one_scale_is_the_same_scale_for_each(
    composer: MusicGenerator, whole: GenerationRequest
) -> None:
    each = guidance_of(["image=2", "story=2", "caption=2"])
    one = composed(composer, replace(whole, guidance=guidance_of(["2"])))
    assert torch.equal(composed(composer, replace(whole, guidance=each)), one)
    part = composer.recipe.sampler.model_copy(update={"guidance": 2.0})
    assert torch.equal(composed(composer, whole, part), one)
    assert not torch.equal(composed(composer, whole), one), "the recipe says 3"


def test_what_is_too_loud_or_no_number(trained: Trained, whole: GenerationRequest) -> None:
    """Both come of weights that training spoilt."""
    composer = MusicGenerator(trained.run, "cpu", print)
    part = composer.recipe.sampler
    with torch.no_grad():
        composer.model.latent_mean += 3
        assert float(composed(composer, whole).abs().max()) > 3
        (made,) = generate_pieces(composer, [whole], part, 0)
        assert made.peak_dbfs == pytest.approx(-1, abs=0.01)
        assert f"turned down by {made.turned_down_db:.1f} dB" in made.text()
        assert np.abs(soundfile.read(whole.out)[0]).max() < 1
        composer.model.nulls.fill_(torch.nan)
    bad = replace(whole, image=None, out=whole.out.with_name("b.flac"))
    with pytest.raises(MmussetError, match="not finite"):
        list(generate_pieces(composer, [bad], part, 0))
    assert not bad.out.exists()


def test_all_is_looked_at_before_the_first_is_made(
    composer: MusicGenerator, whole: GenerationRequest, tmp_path: Path
) -> None:
    (tmp_path / "b.png").write_text("no picture")
    wrong = GenerationRequest(
        tmp_path / "b.flac", image=tmp_path / "b.png", where="wishes.csv, line 3: "
    )
    with pytest.raises(UsageError, match=r"^wishes.csv, line 3: .*b.png is no picture"):
        list(generate_pieces(composer, [whole, wrong], composer.recipe.sampler, 0))
    assert not whole.out.exists()


def test_a_file_that_comes_meanwhile_stays(
    composer: MusicGenerator, whole: GenerationRequest
) -> None:
    making = generate_pieces(
        composer, [replace(whole, out=whole.out.with_name("0.flac")), whole], FEW, 0
    )
    next(making)
    whole.out.write_text("mine")
    with pytest.raises(MmussetError, match="is there by now"):
        next(making)
    assert whole.out.read_text() == "mine"


FEW = SamplerPart(steps=2, method="euler")


@pytest.mark.parametrize("number", range(8))
def test_a_copy_of_a_training_clip_is_found(
    composer: MusicGenerator, trained: Trained, number: int
) -> None:
    """As it stands in its shard: a codec of eight steps gives it back too much like others."""
    shards = [shard for shard in shards_of(str(trained.dataset)) if split_of(shard) == "train"]
    clips = [clip for shard in shards for clip in raw_samples(shard)]
    key, members = clips[number]
    sound = whole_frames(*decode_sound(members["music.flac"]), composer.codec).copy()
    found = composer.training_clips().nearest(composer.audio_vector(torch.from_numpy(sound)), 99)
    assert found[0].key == key
    assert len(found) == 8
    assert [near.similarity for near in found] == sorted(
        (near.similarity for near in found), reverse=True
    )


def test_how_near_clips_usually_are(composer: MusicGenerator) -> None:
    cache = Cache(composer.folder.cache, "train")
    clips = composer.model.alignment.target(cache.everything(0).embeddings["audio"])
    nearest = [
        max(float(one @ other) for m, other in enumerate(clips) if m != n)
        for n, one in enumerate(clips)
    ]
    assert composer.training_clips().median_similarity == pytest.approx(
        float(torch.tensor(nearest).quantile(0.5))
    )


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--image", "gone.png"), 2, "can't read gone.png: No such file or directory"),
        (("--image", "folder"), 2, "can't read folder: Is a directory"),
        (("--image", "text.png"), 2, "text.png is no picture"),
        (("--story", " "), 2, "--story is empty"),
        (("--story", "latin.txt"), 2, "latin.txt is not UTF-8 text"),
        (("--caption", "快节奏的音乐"), 2, "can't read a word of the caption '快节奏的音乐'"),
        (("--story", "12345"), 2, "can't read a word of the story '12345'"),
        (("--guidance", "img=3"), 2, "'img' is none of image, story, caption"),
        (("--guidance", "-3"), 2, "must be from 0 to 100"),
        (("--seconds", "-1"), 2, "--seconds must be from 0.1 to 600, not -1"),
        (("--seconds", "1e9"), 2, "--seconds must be from 0.1 to 600"),
        (("--seed", str(2**64)), 2, "--seed must be from 0 to"),
        (("--seed", "4", "--seed", "4"), 2, "the same seed twice"),
        (("--out", "a.mp3"), 2, "a.mp3: sound is written as .flac, .wav, .ogg"),
        (("--device", "tpu"), 2, "--device is auto, cpu, cuda or cuda:N"),
        (("--csv", "empty.csv"), 2, "empty.csv is empty; its first line names columns"),
        (("--csv", "leaves.csv"), 2, "leaves.csv, line 2: out is the name of a file"),
        (("--csv", "chinese.csv"), 2, "chinese.csv, line 3: the model can't read a word"),
    ],
)
def test_what_can_not_be_made_is_refused(
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ask: Ask,
    words: tuple[str, ...],
    code: int,
    why: str,
) -> None:
    """In one line, with nothing written."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("text.png").write_text("a beach")
    Path("latin.txt").write_bytes("caf\u00e9".encode("latin-1"))
    Path("empty.csv").touch()
    Path("leaves.csv").write_text("out\n../x.flac\n")
    Path("chinese.csv").write_text("caption\nfast\n快\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    said = ask(trained.run, *words)
    assert (said.code, said.out, said.err.count("\n")) == (code, "", 1), said.err
    assert said.err.startswith("mmusset: ")
    assert why in said.err
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path.parent / "x.flac").exists()


@pytest.mark.parametrize(
    ("checkpoint", "why"),
    [
        ("folder", "no checkpoint in folder"),
        ("nowhere", "no checkpoint in nowhere"),
        ("text.png", "text.png is damaged, or no checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask, checkpoint: str, why: str
) -> None:
    """In one line, with nothing written."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("text.png").write_text("a beach")
    before = sorted(tmp_path.rglob("*"))
    said = ask(checkpoint)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1), said.err
    assert said.err.startswith("mmusset: ")
    assert why in said.err
    assert sorted(tmp_path.rglob("*")) == before


def without_checkpoints(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")


def cut_checkpoint(run: Path) -> None:
    cut(run / "checkpoints" / "step-00000008.pt")


def cut_codec(run: Path) -> None:
    cut(run / "codec" / "codec.pt")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10_000])


def codec_without_its_head(run: Path) -> None:
    """As they were before they made sound themselves."""
    settings = json.loads((run / "codec" / "codec.json").read_text())
    before = {name: value for name, value in settings.items() if not name.startswith("head_")}
    (run / "codec" / "codec.json").write_text(json.dumps(before))


def without_codec(run: Path) -> None:
    shutil.rmtree(run / "codec")


def another_codec(run: Path) -> None:
    weights = torch.load(run / "codec" / "codec.pt", weights_only=True)
    torch.save({name: value + 0.01 for name, value in weights.items()}, run / "codec" / "codec.pt")


def without_cache(run: Path) -> None:
    shutil.rmtree(run / "cache")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (without_checkpoints, "no checkpoint in run"),
        (cut_checkpoint, "run/checkpoints/step-00000008.pt is damaged"),
        (cut_codec, "run/codec is damaged"),
        (codec_without_its_head, "run/codec is of an earlier version"),
        (without_codec, "no codec in "),
        (another_codec, "is not the one that run/checkpoints/step-00000008.pt was trained with"),
        (without_cache, "no whole cache in"),
    ],
)
def test_a_training_that_is_not_whole_is_refused(
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ask: Ask,
    spoil: Callable[[Path], None],
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained.run, "run")
    spoil(Path("run"))
    said = ask("run", "--closest", "1")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1), said.err
    assert why in said.err
    assert not Path("generated.flac").exists()


@pytest.mark.parametrize("place", ["", "checkpoints", "checkpoints/step-00000004.pt"])
def test_a_checkpoint_is_found(trained: Trained, tmp_path: Path, ask: Ask, place: str) -> None:
    """By its run, its folder or its file; with any picture and any subset of options."""
    Image.new("LA", (9, 9)).save(tmp_path / "a.png")
    out = tmp_path / "new" / "a.ogg"
    words = ("--image", tmp_path / "a.png", "--guidance", "image=2", "--guidance", "story=0")
    words += ("--steps", "2", "--sampler", "midpoint", "--out", out)
    said = ask(trained.run / place, *words)
    assert (said.code, said.err) == (0, "")
    with soundfile.SoundFile(out) as file:
        comment = json.loads(file.comment)
        assert (file.samplerate, file.format, file.frames) == (16000, "OGG", 30720)
    assert comment["sampler"]["method"] == "midpoint"
    assert comment["guidance"] == {"image": 2, "story": 0}
