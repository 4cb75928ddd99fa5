"""Pretrained codecs, with tiny random weights of the architectures that people use."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mmusset import recipe_file
from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.codecs.codec import Codec, open_codec
from mmusset.musflow.codecs.pretrained import mirrored_log_mel
from mmusset.musflow.data.encode import resampled
from mmusset.musflow.licences import licences_of
from mmusset.musflow.recipe import CodecPart, EncodersPart, MusFlowRecipe
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import filters
from mmusset.pretrained.weights import UNKNOWN, licence_of, loaded_model, locate
from tests.support import tiny_musflow_models as tiny
from tests.support.command import core, environment, python

AUDIOLDM = Geometry(16000, 10.24, 1024, 160, 64, 4, 128)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of each."""
    folder = tmp_path_factory.mktemp("codecs")
    tiny.make_audioldm(folder / "audioldm")
    tiny.make_oobleck(folder / "oobleck")
    return folder


def mel_vae(folder: Path, **said: object) -> Codec:
    part = CodecPart.model_validate({"kind": "mel_vae", "model": str(folder), **said})
    return open_codec(part, folder)


def oobleck(folder: Path, rate_hz: int = 48000) -> Codec:
    return open_codec(CodecPart(kind="oobleck", model=str(folder), rate_hz=rate_hz), folder)


@pytest.mark.slow
def test_weights_of_48_khz_work_at_44_1(tmp_path: Path) -> None:
    """Where a latent frame is a whole number of samples at both, the sound is resampled."""
    tiny.make_oobleck(tmp_path / "whole", downsampling_ratios=[4, 4, 10])
    own, other = (oobleck(tmp_path / "whole", rate_hz) for rate_hz in (48000, 44100))
    assert (own.samples_per_latent, other.samples_per_latent) == (160, 147)
    assert own.identity != other.identity
    at_s = torch.arange(48000) / 48000
    tone = (0.3 * torch.sin(2 * torch.pi * 440 * at_s)).expand(1, 2, -1)
    lower_at_s = torch.arange(44100) / 44100
    lower = (0.3 * torch.sin(2 * torch.pi * 440 * lower_at_s)).expand(1, 2, -1)
    (mean, _), (again, _) = own.encode(tone), other.encode(lower)
    assert mean.shape == again.shape == (1, 300, 8)
    inside = slice(20, -20)  # a resampler knows nothing of what lies beyond the ends
    assert torch.allclose(mean[:, inside], again[:, inside], atol=1e-2)
    sound = other.decode(mean)
    assert sound.shape == (1, 2, 44100)
    with pytest.raises(UsageError, match=r"codec\.rate_hz=48000"):
        oobleck(tmp_path / "whole", 44000)


def noise(*shape: int) -> Tensor:
    return 0.2 * torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.slow
def test_the_papers_codec_has_the_papers_shapes(made: Path) -> None:
    codec = mel_vae(made / "audioldm")
    assert (codec.rate_hz, codec.channels) == (16000, 1)
    assert (codec.latent_channels, codec.samples_per_latent) == (129, 640), "and the level"
    mean, std = codec.encode(noise(2, 1, AUDIOLDM.samples))
    assert std is not None
    assert mean.shape == std.shape == (2, 256, 129)
    assert float(std[..., :-1].min()) > 0 and not std[..., -1].any()
    sound = codec.decode(mean)
    assert sound.shape == (2, 1, AUDIOLDM.samples), "the vocoder's few samples more are cut"
    assert sound.isfinite().all()


@pytest.mark.slow
def test_waveform_codecs_have_the_shapes_of_their_config(made: Path) -> None:
    codec = oobleck(made / "oobleck")
    assert (codec.rate_hz, codec.channels) == (48000, 2)
    assert (codec.latent_channels, codec.samples_per_latent) == (8, 32)
    mean, std = codec.encode(noise(2, 2, 1000))
    assert mean.shape == std.shape == (2, 31, 8)
    assert float(std.min()) > 0
    sound = codec.decode(mean)
    assert sound.shape == (2, 2, 992)
    assert sound.isfinite().all()


def test_log_mels_are_those_that_hifi_gan_learnt() -> None:
    sound = noise(1, 16000)
    longer = np.pad(sound[0].numpy(), (1024 - 160) // 2, mode="reflect")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    pieces = np.stack([longer[at : at + 1024] for at in range(0, len(longer) - 1023, 160)])
    magnitudes = np.abs(np.fft.rfft(pieces * window))
    theirs = np.log(np.maximum(magnitudes @ filters(AUDIOLDM).numpy().T, 1e-5))
    ours = mirrored_log_mel(sound, AUDIOLDM)
    assert ours.shape == (1, 100, 64)
    assert np.allclose(ours[0].numpy(), theirs, atol=1e-3)


@pytest.mark.slow
def test_the_mel_vae_does_what_its_parts_do_alone(made: Path) -> None:
    """Latents are the VAE's own, unscaled, and frames hold its channels side by side."""
    from diffusers import AutoencoderKL
    from transformers import SpeechT5HifiGan

    vae = AutoencoderKL.from_pretrained(made / "audioldm" / "vae").eval()
    vocoder = SpeechT5HifiGan.from_pretrained(made / "audioldm" / "vocoder").eval()
    codec, sound = mel_vae(made / "audioldm"), noise(2, 1, 16000)
    mean, std = codec.encode(sound)
    with torch.no_grad():
        peak = sound[:, 0].abs().amax(dim=1, keepdim=True)
        mel = mirrored_log_mel(0.5 * sound[:, 0] / peak, AUDIOLDM)  # the peak that it learnt
        posterior = vae.encode(mel[:, None]).latent_dist
        heard = vocoder(vae.decode(posterior.mean).sample[:, 0])
    assert posterior.mean.shape == (2, 8, 25, 16)
    assert torch.allclose(mean[1, 7, 16 * 3 : 16 * 4], posterior.mean[1, 3, 7], atol=1e-5)
    assert torch.allclose(std[1, 7, 16 * 3 : 16 * 4], posterior.std[1, 3, 7], atol=1e-5)
    assert heard.shape[1] > 16000
    assert torch.allclose(mean[..., -1], (2 * peak).log().expand(2, 25))
    assert torch.allclose(codec.decode(mean)[:, 0], 2 * peak * heard[:, :16000], atol=1e-5)


@pytest.mark.slow
def test_quiet_music_is_within_the_range_of_the_mel_vae_and_stays_quiet(made: Path) -> None:
    """Its latents are those of the same music at full scale, but for the level's."""
    codec, loud = mel_vae(made / "audioldm"), noise(1, 1, 6400)
    quiet = 0.01 * loud
    (of_loud, _), (of_quiet, _) = codec.encode(loud), codec.encode(quiet)
    assert torch.allclose(of_loud[..., :-1], of_quiet[..., :-1], atol=1e-4)
    assert torch.allclose(codec.decode(of_quiet), 0.01 * codec.decode(of_loud), atol=1e-6)
    silence, _ = codec.encode(torch.zeros(1, 1, 6400))
    assert silence.isfinite().all()
    beyond = silence.clone()
    beyond[..., -1] = 100.0  # a level that no sound has
    assert torch.allclose(codec.decode(beyond), 1000 * codec.decode(silence), rtol=1e-3)


@pytest.mark.slow
def test_oobleck_does_what_its_vae_does_alone(made: Path) -> None:
    from diffusers import AutoencoderOobleck

    vae = loaded_model(AutoencoderOobleck, "it", locate(str(made / "oobleck"), ""), "cpu")
    codec, sound = oobleck(made / "oobleck"), noise(2, 2, 320)
    mean, std = codec.encode(sound)
    posterior = vae.encode(sound).latent_dist
    assert torch.equal(mean, posterior.mean.transpose(1, 2))
    assert torch.equal(std, posterior.std.transpose(1, 2))
    assert torch.allclose(codec.decode(mean), vae.decode(posterior.mean).sample)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["audioldm", "oobleck"])
def test_the_same_sound_gives_the_same_latents_and_what_is_left_over_counts_for_nothing(
    made: Path, name: str
) -> None:
    codec = mel_vae(made / name) if name == "audioldm" else oobleck(made / name)
    sound = noise(2, codec.channels, 3 * codec.samples_per_latent + 17)
    first, again = codec.encode(sound), codec.encode(sound[..., :-17])
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert first[0].shape[1] == 3
    assert torch.equal(codec.decode(first[0]), codec.decode(first[0]))
    one = codec.encode(sound[1:])[0]
    assert torch.allclose(first[0][1:], one, atol=1e-5), "a clip does not depend on its batch"


@pytest.mark.slow
def test_sound_of_other_rates_and_channels_is_fitted_to_the_codec(made: Path) -> None:
    stereo = noise(48000, 2).numpy()
    paper, waves = mel_vae(made / "audioldm"), oobleck(made / "oobleck")
    for codec, sound in ((paper, stereo), (waves, stereo), (waves, stereo[:, :1])):
        fitted = resampled(sound, 48000, codec.rate_hz, codec.channels)
        mean, _ = codec.encode(torch.from_numpy(fitted.T.copy())[None])
        assert mean.shape[1:] == (codec.rate_hz // codec.samples_per_latent, codec.latent_channels)


@pytest.mark.slow
def test_a_vae_alone_takes_a_vocoder_that_lies_elsewhere(made: Path) -> None:
    inside = mel_vae(made / "audioldm")
    apart = mel_vae(made / "audioldm" / "vae", vocoder=str(made / "audioldm" / "vocoder"))
    assert apart.identity == inside.identity
    sound = noise(1, 1, 3200)
    assert torch.equal(apart.encode(sound)[0], inside.encode(sound)[0])
    with pytest.raises(MmussetError, match=r"vocoder; codec\.vocoder names one"):
        mel_vae(made / "audioldm" / "vae")


@pytest.mark.slow
def test_codecs_of_other_channels_and_rates_say_so(tmp_path: Path) -> None:
    codec = oobleck(tiny.make_oobleck(tmp_path, rate_hz=44100, channels=1), rate_hz=44100)
    assert (codec.rate_hz, codec.channels) == (44100, 1)
    assert codec.decode(codec.encode(noise(1, 1, 640))[0]).shape == (1, 1, 640)


@pytest.mark.slow
def test_identity_changes_with_weights_vocoder_and_settings(made: Path, tmp_path: Path) -> None:
    first = mel_vae(made / "audioldm").identity
    assert first == mel_vae(made / "audioldm").identity
    assert first != mel_vae(made / "audioldm", n_fft=2048).identity
    other = tiny.make_audioldm(tmp_path / "other", seed=1)
    assert first != mel_vae(other).identity
    assert first != mel_vae(made / "audioldm", vocoder=str(other)).identity
    waves = oobleck(made / "oobleck").identity
    assert waves != oobleck(tiny.make_oobleck(tmp_path / "waves", seed=1)).identity
    copy = shutil.copytree(made / "oobleck", tmp_path / "copy")
    assert waves == oobleck(copy).identity, "wherever they lie"
    tiny.give_card(copy, "license: mit")
    assert waves == oobleck(copy).identity, "a card is no weight"


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("license: mit", "mit"),
        ("license: cc-by-nc-sa-4.0\ntags:\n- audio", "cc-by-nc-sa-4.0"),
        ("license: other\nlicense_name: stable-audio-community", "stable-audio-community"),
        ("license: other", "other"),
        ("license:\n- mit", UNKNOWN),
        ("tags:\n- audio", UNKNOWN),
    ],
)
def test_the_licence_is_read_from_the_head_of_the_card(
    tmp_path: Path, head: str, licence: str
) -> None:
    assert licence_of(str(tmp_path)) == UNKNOWN
    assert licence_of(str(tiny.give_card(tmp_path, head))) == licence


def test_licences_are_told_before_anything_is_loaded(tmp_path: Path) -> None:
    """Cards are enough: there are no weights here."""
    told = {"codec": "cc-by-nc-4.0", "vocoder": "mit", "clip": "openrail", "clap": "apache-2.0"}
    for name, licence in told.items():
        (tmp_path / name).mkdir()
        tiny.give_card(tmp_path / name, f"license: {licence}")
    encoders = {
        "image": {"kind": "clip", "model": str(tmp_path / "clip")},
        "story": {"kind": "clap", "model": str(tmp_path / "clap")},
        "audio": {"kind": "clap", "model": str(tmp_path / "clap")},
    }
    codec = CodecPart(
        kind="mel_vae", model=str(tmp_path / "codec"), vocoder=str(tmp_path / "vocoder")
    )
    recipe = MusFlowRecipe(codec=codec, encoders=EncodersPart.model_validate(encoders))
    assert licences_of(recipe) == {str(tmp_path / name): told[name] for name in told}
    assert licences_of(MusFlowRecipe()) == {}
    with pytest.raises(MmussetError, match="is no folder here"):
        licences_of(MusFlowRecipe(codec=CodecPart(kind="oobleck", model=str(tmp_path / "gone"))))


@pytest.mark.slow
def test_weights_and_recipe_must_agree(made: Path) -> None:
    with pytest.raises(UsageError, match=r"rate_hz is 44100.* are for 48000; --set codec\.rate"):
        oobleck(made / "oobleck", rate_hz=44100)
    with pytest.raises(UsageError, match=r"rate_hz is 22050.* are for 16000"):
        mel_vae(made / "audioldm", rate_hz=22050)
    with pytest.raises(UsageError, match=r"hop is 200.* are for 160"):
        mel_vae(made / "audioldm", hop=200)
    with pytest.raises(UsageError, match=r"mels is 128.* are for 64"):
        mel_vae(made / "audioldm", mels=128)
    assert mel_vae(made / "audioldm", hop=160, mels=64).samples_per_latent == 640
    with pytest.raises(UsageError, match=r"kind oobleck needs codec\.model"):
        open_codec(CodecPart(kind="oobleck"), made)


@pytest.mark.slow
def test_weights_of_another_kind_are_refused(made: Path, tmp_path: Path) -> None:
    """Libraries would load them all, random where nothing fits."""
    with pytest.raises(MmussetError, match=r"can't load an Oobleck VAE .* another kind of model"):
        oobleck(made / "audioldm")
    with pytest.raises(MmussetError, match=r"can't load a mel VAE .* another kind of model"):
        mel_vae(made / "oobleck", vocoder=str(made / "audioldm"))
    with pytest.raises(MmussetError, match="can't load a vocoder from"):
        mel_vae(made / "audioldm", vocoder=str(made / "oobleck"))
    pictures = tiny.make_mel_vae(tmp_path / "pictures", in_channels=3, out_channels=3)
    with pytest.raises(MmussetError, match="takes 3 channels"):
        mel_vae(pictures, vocoder=str(made / "audioldm"))


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["cut", "no weights", "no JSON", "gone", "empty"])
def test_broken_folders_are_named_in_one_line(made: Path, tmp_path: Path, harm: str) -> None:
    folder = shutil.copytree(made / "oobleck", tmp_path / "broken")
    weights = folder / "diffusion_pytorch_model.safetensors"
    if harm == "cut":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif harm == "no weights":
        weights.unlink()
    elif harm == "no JSON":
        (folder / "config.json").write_text("{")
    else:
        shutil.rmtree(folder)
        if harm == "empty":
            folder.mkdir()
    with pytest.raises(MmussetError) as caught:
        oobleck(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_hub_names_work_from_the_cache_with_no_network(made: Path, tmp_path: Path) -> None:
    """The revision that is loaded is the one that identity tells."""
    repository = tmp_path / "models--who--what"
    revision = "0123456789abcdef0123456789abcdef01234567"
    snapshot = repository / "snapshots" / revision
    shutil.copytree(made / "audioldm", snapshot)
    tiny.give_card(snapshot, "license: cc-by-4.0")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    script = """
from pathlib import Path
from mmusset.errors import MmussetError
from mmusset.musflow.codecs.codec import open_codec
from mmusset.musflow.licences import licences_of
from mmusset.musflow.recipe import CodecPart, MusFlowRecipe

part = CodecPart(kind="mel_vae", model="who/what")
print(licences_of(MusFlowRecipe(codec=part)))
codec = open_codec(part, Path())
print(codec.identity)
for look in (licences_of, lambda recipe: open_codec(recipe.codec, Path())):
    try:
        look(MusFlowRecipe(codec=CodecPart(kind="oobleck", model="who/else", rate_hz=48000)))
    except MmussetError as error:
        print(error)
"""
    told = _python(script, HF_HUB_OFFLINE="1", HF_HUB_CACHE=str(tmp_path)).splitlines()
    sha = revision[:16]
    assert told[:2] == [
        "{'who/what': 'cc-by-4.0'}",
        f"mel_vae/who/what/vae@{sha}/who/what/vocoder@{sha}/n_fft 1024/peak",
    ]
    assert len(told) == 4
    assert all("who/else is no folder here, and the Hub does not have it" in s for s in told[2:])


@pytest.mark.slow
def test_no_module_imports_transformers_or_diffusers_before_they_are_needed() -> None:
    """It takes seconds, and training needs neither."""
    script = """
import importlib, pkgutil, sys
import mmusset.musflow

names = [m.name for m in pkgutil.walk_packages(mmusset.musflow.__path__, "mmusset.musflow.")]
for name in names:
    importlib.import_module(name)
last = {name.rpartition(".")[2] for name in names}
print({"model", "cache", "flow", "network", "sampler", "codec", "encoders"} <= last)
print({"transformers", "diffusers"} & set(sys.modules))
"""
    assert _python(script) == "True\nset()\n"


def test_shipped_trainings_are_whole_and_valid() -> None:
    names = recipe_file.names("train")
    assert {"musflow-tiny-44k", "musflow-16k", "musflow-44k"} <= set(names)
    for name in names:
        assert recipe_file.load(MusFlowRecipe, name).name == name


def _python(script: str, **told: str) -> str:
    """What a script prints, in a process that has imported none of these libraries."""
    run = python("-c", script, server=core, env=environment() | told)
    assert run.returncode == 0, run.stderr
    return run.stdout
