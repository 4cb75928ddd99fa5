"""What listens in an evaluation: each sound becomes a vector, and with some ears tags.

Each says whether it is a network that others trained, or measurements of our own. Weights are
never fetched here: an ear whose weights are not on this machine does not run, and says why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmusset.declared import Declarations
from mmusset.dsp.clip_signal import ClipSignal
from mmusset.ears.hearing import LEVEL_DBFS, levelled
from mmusset.errors import MmussetError, UsageError
from mmusset.installed import is_installed
from mmusset.text import nearest

Floats = NDArray[np.float32]

LEVELLED = f"{LEVEL_DBFS:g} dBFS RMS"
AS_IT_IS = "as it is"
SILENCE_DBFS = -60.0
NO_TAGS = np.zeros(0, dtype=np.float32)


class NotRun(MmussetError):
    """Why something can't be measured here."""


@dataclass(frozen=True, slots=True)
class OpenEar:
    """An ear, ready to listen.

    `identity` changes with its weights. `hear` gives of sound `[frames, channels]` at a rate its
    vector `[D]`, and the probability of each of its tags, if it has any. `of_texts` and
    `of_pictures` give vectors `[N, D]` in the same space; None of an ear that can't.
    """

    identity: str
    hear: Callable[[Floats, int], tuple[Floats, Floats]]
    of_texts: Callable[[Sequence[str]], Floats] | None = None
    of_pictures: Callable[[Sequence[Path]], Floats] | None = None


@dataclass(frozen=True, slots=True)
class EarOfEvaluation:
    """An ear by its name. `level` is the loudness at which it is given sound; `opens` opens it with
    a model (a folder or a name on the Hub; `model` if none is named) on a device, or raises
    NotRun. `reads` texts, `sees` pictures."""

    name: str
    about: str
    pretrained: bool
    level: str
    opens: Callable[[str, str], OpenEar]
    model: str = ""
    has_tags: bool = False
    reads: bool = False
    sees: bool = False


def ears_asked(words: Sequence[str]) -> tuple[tuple[EarOfEvaluation, str], ...]:
    """The ears of `--ears NAME` or `--ears NAME=MODEL`, each with its model; all where none is
    named. Raises UsageError for an unknown one."""
    if not words:
        return tuple((ear, ear.model) for ear in EARS)
    named = {ear.name: ear for ear in EARS}
    asked = {}
    for word in words:
        name, _, model = word.partition("=")
        if name not in named:
            raise UsageError(f"--ears: no ear is named {name!r}.{nearest(name, list(named))}")
        asked[name] = (named[name], model or named[name].model)
    return tuple(asked[ear.name] for ear in EARS if ear.name in asked)


def _statistics(model: str, device: str) -> OpenEar:
    import torch

    from mmusset.musflow.encoders.bundled import SoundStatistics

    features = SoundStatistics()

    def hear(sound: Floats, rate_hz: int) -> tuple[Floats, Floats]:
        mono = ClipSignal(sound, rate_hz, SILENCE_DBFS).mono_at(features.rate_hz)
        heard = features(torch.from_numpy(np.ascontiguousarray(mono, dtype=np.float32))[None])
        return np.asarray(heard[0].numpy(), dtype=np.float32), NO_TAGS

    return OpenEar(features.identity, hear)


def _musicnn(model: str, device: str) -> OpenEar:
    from mmusset.ears.musicnn.ear import MUSICNN, heard_by_mtt

    if not MUSICNN.is_there:
        raise NotRun("its weights are not on this machine: run `mmusset ears get musicnn`")

    def hear(sound: Floats, rate_hz: int) -> tuple[Floats, Floats]:
        return heard_by_mtt(levelled(ClipSignal(sound, rate_hz, SILENCE_DBFS), MUSICNN.rate_hz))

    return OpenEar("musicnn 0.1.0, MTT", hear)


def _clap(model: str, device: str) -> OpenEar:
    folder, device = _on_this_machine("clap", model), _picked(device)
    import torch

    from mmusset.pretrained.embedding import ClapSound, PretrainedText

    sounds, texts = ClapSound(folder, device), PretrainedText("clap", folder, device)

    def hear(sound: Floats, rate_hz: int) -> tuple[Floats, Floats]:
        mono = levelled(ClipSignal(sound, rate_hz, SILENCE_DBFS), sounds.rate_hz)
        return sounds(torch.from_numpy(mono)[None])[0].cpu().numpy(), NO_TAGS

    def of_texts(words: Sequence[str]) -> Floats:
        return np.stack([texts([text])[0].cpu().numpy() for text in words])

    return OpenEar(sounds.identity, hear, of_texts)


def _ast(model: str, device: str) -> OpenEar:
    folder, device = _on_this_machine("ast", model), _picked(device)
    import torch
    import transformers

    from mmusset.pretrained.weights import identity_of, loaded_model, loaded_processor, locate

    location = locate(folder, "")
    network = loaded_model(transformers.ASTForAudioClassification, "ast", location, device)
    extractor = loaded_processor(transformers.ASTFeatureExtractor, "ast", location)

    def hear(sound: Floats, rate_hz: int) -> tuple[Floats, Floats]:
        mono = levelled(ClipSignal(sound, rate_hz, SILENCE_DBFS), extractor.sampling_rate)
        inputs = extractor(mono, sampling_rate=extractor.sampling_rate, return_tensors="pt")
        with torch.no_grad():
            values = inputs["input_values"].to(device)
            states = network.audio_spectrogram_transformer(values).pooler_output
            tags = network.classifier(states).sigmoid()
        return states[0].cpu().numpy(), tags[0].cpu().numpy()

    return OpenEar(identity_of("ast", location), hear)


def _pe_av(model: str, device: str) -> OpenEar:
    folder, device = _on_this_machine("pe-av", model), _picked(device)
    if not is_installed("timm"):
        raise NotRun("its model needs timm: pip install timm")
    import torch
    import transformers
    from PIL import Image

    from mmusset.pretrained.weights import identity_of, loaded_model, loaded_processor, locate

    location = locate(folder, "")
    network = loaded_model(transformers.PeAudioVideoModel, "pe-av", location, device)
    extractor = loaded_processor(transformers.PeAudioFeatureExtractor, "pe-av", location)
    seeing = network.video_model
    frames = loaded_processor(transformers.PeVideoVideoProcessor, "pe-av", location)

    def hear(sound: Floats, rate_hz: int) -> tuple[Floats, Floats]:
        mono = levelled(ClipSignal(sound, rate_hz, SILENCE_DBFS), extractor.sampling_rate)
        inputs = extractor(mono, sampling_rate=extractor.sampling_rate, return_tensors="pt")
        with torch.no_grad():
            vector = network.get_audio_embeds(**inputs.to(device))[0]
        return _unit(vector.cpu().numpy()), NO_TAGS

    def of_pictures(pictures: Sequence[Path]) -> Floats:
        vectors = []
        for path in pictures:
            with Image.open(path) as image:
                still = np.array(image.convert("RGB"))[None]  # a film of one frame
            inputs = frames(videos=[still], do_sample_frames=False, return_tensors="pt")
            with torch.no_grad():
                film = inputs["pixel_values_videos"].to(device)
                # Its own function for this is out of reach in transformers 5.24.
                states = seeing.video_encoder(pixel_values_videos=film).pooler_output
                vector = seeing.video_head(states)[0]
            vectors.append(_unit(vector.cpu().numpy()))
        return np.stack(vectors)

    return OpenEar(identity_of("pe-av", location), hear, of_pictures=of_pictures)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))


def _picked(device: str) -> str:
    from mmusset.training.world import pick_device

    return pick_device(device)


def _on_this_machine(name: str, model: str) -> str:
    """The folder of a model: itself, or where the Hub's cache has it. Raises NotRun."""
    if not is_installed("torch", "transformers", "huggingface_hub"):
        raise NotRun("it needs torch and transformers: pip install 'mmusset[train]'")
    if Path(model).is_dir():
        return model
    from huggingface_hub import snapshot_download

    try:
        return str(snapshot_download(model, local_files_only=True))
    except (OSError, ValueError):
        raise NotRun(
            f"the weights of {model} are not on this machine: read its licence, fetch them with"
            f" `hf download {model}`, or name a folder, --ears {name}=FOLDER"
        ) from None


_BUNDLED = (
    EarOfEvaluation(
        name="statistics",
        about="spectrum, level, attacks and pulse; our own, no trained network",
        pretrained=False,
        level=AS_IT_IS,
        opens=_statistics,
    ),
    EarOfEvaluation(
        name="musicnn",
        about="a tagger trained on MagnaTagATune (Pons and Serra 2019)",
        pretrained=True,
        level=LEVELLED,
        opens=_musicnn,
        has_tags=True,
    ),
    EarOfEvaluation(
        name="clap",
        about="sounds and texts in one space (Wu et al. 2023)",
        pretrained=True,
        level=LEVELLED,
        opens=_clap,
        model="laion/clap-htsat-unfused",
        reads=True,
    ),
    EarOfEvaluation(
        name="ast",
        about="a transformer trained on AudioSet (Gong et al. 2021)",
        pretrained=True,
        level=LEVELLED,
        opens=_ast,
        model="MIT/ast-finetuned-audioset-10-10-0.4593",
        has_tags=True,
    ),
    EarOfEvaluation(
        name="pe-av",
        about="sounds and pictures in one space (Vyas et al. 2025)",
        pretrained=True,
        level=LEVELLED,
        opens=_pe_av,
        model="facebook/pe-av-small",
        sees=True,
    ),
)

EARS = Declarations(
    "an ear of evaluation",
    _BUNDLED,
    type_=EarOfEvaluation,
    names=lambda ear: [ear.name],
    work=lambda ear: None,
)
