"""A trained MusFlow, opened once, that generates a piece of music for each request."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from mmusset.errors import MmussetError, Refused, UsageError
from mmusset.files import file_sha256
from mmusset.musflow.codecs.codec import Codec, open_codec
from mmusset.musflow.data.beat import NO_BEAT, Beat
from mmusset.musflow.data.cache import LAYOUT, Cache
from mmusset.musflow.data.encode import mono_at, whole_frames
from mmusset.musflow.encoders.encoders import Encoders, open_encoders
from mmusset.musflow.licences import show_licences
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.model.sampler import sample
from mmusset.musflow.model_folder.trained import fitted_codec
from mmusset.musflow.recipe import CONDITIONS, EMBEDDED, MODALITIES, SamplerPart
from mmusset.musflow.sound.sound_file import peak_safe, write_sound
from mmusset.training.moving_picture import MovingPicture

from .asked_embeddings import asked_embeddings
from .asked_tempo import tempo_bounds_bpm
from .given_sound import GivenSound, beat_like, beat_of_sound, first_seconds, given_sound, put_back
from .given_video import GivenVideo, given_video
from .lengths import PieceLengths
from .nearest import NearestClip, TrainingClips
from .requests import GenerationRequest
from .tags import tags
from .trained_model import trained_model
from .windows import MOST_FILLED, PieceWindow, composed_latents, filled_latents

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class GeneratedPiece:
    """A piece that was written to the file `out`.

    `bpm` is the metronome's tempo, 0 without one; `turned_down_db` is by how much it was too loud;
    `closest` are the training clips nearest to it, where they were asked for, and `clips_nearest`
    is how near the median training clip is to its own nearest, if there are several.
    """

    out: str
    seconds: float
    rate_hz: int
    seed: int
    bpm: float
    conditions: tuple[str, ...]
    peak_dbfs: float
    turned_down_db: float
    closest: tuple[NearestClip, ...] = ()
    clips_nearest: float | None = None

    def text(self) -> str:
        """For people."""
        source = ", ".join(self.conditions) or "nothing, so music of the model's own choice"
        lines = [
            f"{self.out}: {self.seconds:.2f} s at {self.rate_hz} Hz{self._tempo()}, from {source},"
            f" seed {self.seed}, peak {self.peak_dbfs:.1f} dBFS"
        ]
        if self.turned_down_db:
            lines[0] += f", turned down by {self.turned_down_db:.1f} dB"
        lines += [f"  {clip.similarity:.3f} like {clip.key}" for clip in self.closest]
        if self.clips_nearest is not None:
            lines.append(f"  (a training clip's nearest other: {self.clips_nearest:.3f})")
        return "\n".join(lines)

    def _tempo(self) -> str:
        return f" and {self.bpm:.0f} BPM" if self.bpm else ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Aligned embeddings `[1, M, E]` of a request, which are `present` `[1, M]`, and the beat; the
    embedding `[1, E]` of what it is to be `without`, and the sound and the video that are given."""

    aligned: Tensor
    present: Tensor
    beat: Beat
    without: Tensor | None = None
    given: GivenSound | None = None
    video: GivenVideo | None = None


class MusicGenerator:
    """A trained model with its codec and encoders.

    `checkpoint` is the folder of a training, one of its checkpoints, a model's folder, or
    `user/name` on the Hub; `log` receives what the user should know: the licences of pretrained
    parts, before they are loaded. Raises MmussetError where there is no checkpoint, Refused
    where codec or encoders are not those it was trained with.
    """

    def __init__(self, checkpoint: str | Path, device: str, log: Callable[[str], None]) -> None:
        self.log = log
        trained = trained_model(checkpoint)
        self.path, self.folder, self.source = trained.path, trained.folder, trained.source
        self.device = device
        self.recipe, self.manifest, self.frames = trained.recipe, trained.manifest, trained.frames
        show_licences(self.recipe, log)
        self._check_version()
        self.model = MusFlow(self.recipe, self.manifest).to(device).eval()
        self.model.load_state_dict(trained.weights)
        with fitted_codec(self.folder.codec) as fitted:
            self.codec: Codec = open_codec(self.recipe.codec, fitted, device)
        self.encoders: Encoders = open_encoders(self.recipe.encoders, device)
        self._check()
        self.identity = file_sha256(self.path)[:16]
        self.lengths = PieceLengths(self.seconds, self.codec.rate_hz)

    @property
    def seconds(self) -> float:
        """The length of most clips that it was trained on."""
        return self.frames * self.codec.samples_per_latent / self.codec.rate_hz

    @torch.no_grad()
    def conditions(self, request: GenerationRequest) -> Conditions:
        """The model's conditions. Raises UsageError for an image, a video, a text or a sound that
        it can't read, and for a tempo, a video or a sound where it was trained without."""
        given = self._given(request)
        video = request.moving_picture(self.lengths.longest_s(request, given))
        audio = self._audio(request)
        embeddings = asked_embeddings(request, video, audio, self.encoders)
        aligned = self._aligned(embeddings)
        tokens = self.model.tokens
        present = torch.tensor([[name in embeddings for name in tokens]], device=self.device)
        beat = self._beat(request, aligned, present, audio)
        if given and self.recipe.network.metronome:
            beat = self._beat_of_given(given, request, beat)
        seen = self._given_video(request, video) if video else None
        return Conditions(aligned, present, beat, self._without(request), given, seen)

    def compose(self, request: GenerationRequest, sampler: SamplerPart) -> Tensor:
        """The requested sound `[channels, samples]`, as the codec decodes it.

        Raises UsageError for an image or text that the model can't read.
        """
        return self._composed(request, self.conditions(request), sampler)

    def _composed(
        self, request: GenerationRequest, conditions: Conditions, sampler: SamplerPart
    ) -> Tensor:
        given = conditions.given
        video = conditions.video
        samples = self.lengths.samples(request, given, video.seconds if video else 0.0)
        offset = given.offset if given else 0
        frames = -(-(samples - offset) // self.codec.samples_per_latent)
        compose = partial(self._window, request, conditions, sampler)
        begun = self.model.normalize(given.latents) if given else None
        # Without knowing a part of the music, a long piece can only be made at once.
        window = self.frames if self.recipe.train.known else frames
        normalized = (
            filled_latents(compose, window, begun, given.gap)
            if given and given.gap and begun is not None
            else composed_latents(compose, frames, window, begun)
        )
        latents = self.model.denormalize(normalized)
        made = self.codec.decode(latents)[0, :, : samples - offset].cpu()
        if given is None:
            return made
        after = samples - offset - made.shape[1]  # of a sound that is no whole number of latents
        return put_back(functional.pad(made, (offset, after)), given, self.codec.rate_hz)

    def _window(
        self,
        request: GenerationRequest,
        conditions: Conditions,
        sampler: SamplerPart,
        window: PieceWindow,
    ) -> Tensor:
        """Normalized latents `[1, T, C]` of a window of a piece."""
        begins_s = window.start * self.model.frame_s
        lasts_s = (window.stop - window.start) * self.model.frame_s
        known, video = window.known, conditions.video
        latents = sample(
            self.model,
            conditions.aligned,
            conditions.present,
            window.stop - window.start,
            sampler,
            request.seed,
            [request.guidance.get(name, sampler.guidance) for name in CONDITIONS],
            torch.tensor([conditions.beat.moved(begins_s)], device=self.device),
            known,
            conditions.without,
            window.number,
            video.within(begins_s, lasts_s, self.device) if video else None,
        )
        made = self.model.normalize(latents)
        return torch.where(known.mask[..., None], known.latents, made) if known else made

    def write(
        self, request: GenerationRequest, sampler: SamplerPart
    ) -> tuple[GeneratedPiece, Tensor]:
        """Compose a piece and write its file, tagged as generated; returns the sound
        `[channels, samples]` as well.

        Raises UsageError as `compose` does, and MmussetError where the output is not finite,
        or a file appeared meanwhile.
        """
        conditions = self.conditions(request)
        sound, turned_down_db = peak_safe(self._composed(request, conditions, sampler))
        rate_hz = self.codec.rate_hz
        if request.out.exists():
            raise MmussetError(f"{request.out} is there by now; name another with --out")
        write_sound(request.out, sound, rate_hz, self.tags(request, sampler, conditions.given))
        piece = GeneratedPiece(
            out=str(request.out),
            seconds=sound.shape[1] / rate_hz,
            rate_hz=rate_hz,
            seed=request.seed,
            bpm=conditions.beat.bpm if conditions.beat.weight else 0.0,
            conditions=request.conditions,
            peak_dbfs=20 * math.log10(max(float(sound.abs().max()), 1e-9)),
            turned_down_db=turned_down_db,
        )
        return piece, sound

    def tags(
        self, request: GenerationRequest, sampler: SamplerPart, given: GivenSound | None = None
    ) -> dict[str, Any]:
        """What a piece's file says of how it was generated: enough to generate it again. What is
        `given` to go on from is read anew where it isn't at hand."""
        by = {"model": self.recipe.name, "checkpoint": self.identity}
        if self.source:
            by["from"] = self.source
        return tags(request, by, self._seconds(request, given), sampler)

    def _seconds(self, request: GenerationRequest, given: GivenSound | None) -> float:
        """The length of a request's piece, before it is made."""
        if given := given or self._given(request):
            return self.lengths.samples(request, given) / self.codec.rate_hz
        if request.seconds or not request.video:
            return self.lengths.alone_s(request)
        video = request.moving_picture(self.seconds)
        return self.lengths.alone_s(request, video.seconds if video else 0.0)

    def training_clips(self) -> TrainingClips:
        """The clips of the training's cache. Raises MmussetError where the cache is gone."""
        cache = Cache(self.folder.cache, "train", self.manifest.spec)
        buckets = range(len(cache.counts))
        audio = torch.cat([cache.everything(n).embeddings["audio"] for n in buckets])
        return TrainingClips(
            [key for n in buckets for key in cache.keys(n)],
            self.model.alignment.target(audio.to(self.device)),
        )

    def training_clip(self, key: str) -> Tensor:
        """A clip of the training's cache as the codec gives it back, `[channels, samples]`.

        Raises MmussetError where the cache is gone, or has no such clip.
        """
        cache = Cache(self.folder.cache, "train", self.manifest.spec)
        for bucket in range(len(cache.counts)):
            if key in (keys := cache.keys(bucket)):
                row = cache.batch(bucket, torch.tensor([keys.index(key)]))
                return self.codec.decode(row.mean.float().to(self.device))[0].cpu()
        raise MmussetError(f"no clip {key} was trained on")

    @torch.no_grad()
    def through_codec(self, sound: Floats, rate_hz: int) -> Tensor:
        """Sound `[frames, channels]` at a rate as its codec gives it back, `[channels, samples]`:
        the best that the model could make of it. Raises BadSample where it is too short."""
        whole = torch.from_numpy(whole_frames(sound, rate_hz, self.codec).copy())
        latents, _ = self.codec.encode(whole[None].to(self.device))
        return self.codec.decode(latents)[0].cpu()

    @torch.no_grad()
    def audio_vector(self, sound: Tensor) -> Tensor:
        """The unit vector `[E]` of sound `[channels, samples]` at the codec's rate."""
        encoder = self.encoders.audio
        mono = mono_at(sound[None].to(self.device), self.codec.rate_hz, encoder.rate_hz)
        return self.model.alignment.target(encoder(mono).to(self.device))[0]

    def _aligned(self, embeddings: Mapping[str, Tensor]) -> Tensor:
        """Embeddings `[1, W]`, of those that there are, aligned: `[1, M, E]`."""
        widths = self.manifest.spec.widths
        whole = {name: embeddings.get(name, torch.zeros(1, widths[name])) for name in EMBEDDED}
        return self.model.aligned({name: each.to(self.device) for name, each in whole.items()})

    def _without(self, request: GenerationRequest) -> Tensor | None:
        if not request.without:
            return None
        embedding = self.encoders.caption([request.without])
        if not embedding.any():
            raise UsageError(
                f"{request.where}the model can't read a word of --without {request.without[:60]!r}"
            )
        return self._aligned({"caption": embedding})[:, MODALITIES.index("caption")]

    def _given(self, request: GenerationRequest) -> GivenSound | None:
        if request.continued is None:
            return None
        if not self.recipe.train.known:
            raise UsageError(
                f"{request.where}{self.path} was trained without knowing a part of the music"
                " (train.known), so it can't go on from any"
            )
        given = given_sound(request.continued, request.fill, self.codec, self.device, request.where)
        most = self.frames * MOST_FILLED
        if given.gap and given.gap[1] - given.gap[0] > most:
            raise UsageError(
                f"{request.where}--fill makes at most {most * self.model.frame_s:.1f} s at once"
            )
        return given

    def _given_video(self, request: GenerationRequest, video: MovingPicture) -> GivenVideo:
        if not self.manifest.video_frames:
            raise UsageError(
                f"{request.where}{self.path} was trained on no videos, so it can't follow"
                f" {request.video}: give a picture of it with --image"
            )
        return given_video(video, self.encoders.image)

    def _beat_of_given(self, given: GivenSound, request: GenerationRequest, asked: Beat) -> Beat:
        """The given sound's own beat, in its last seconds or around the gap, at the tempo that
        is asked for in numbers, if any; else what else is asked. From the start of the piece on."""
        per_latent, rate_hz = self.codec.samples_per_latent, self.codec.rate_hz
        end = given.gap[1] if given.gap else given.latents.shape[1]
        first = max(0, end - self.frames) * per_latent
        beat = beat_of_sound(given, rate_hz, given.offset + first, request.bpm)
        return beat.moved(-first / rate_hz) if beat.weight else asked

    def _audio(self, request: GenerationRequest) -> Floats | None:
        """The sound `[samples]` that the music is to be like, as the audio encoder hears it: its
        first seconds, as many as a training clip has."""
        if request.audio is None:
            return None
        if "audio" not in self.model.tokens:
            raise UsageError(
                f"{request.where}{self.path} was trained without sounds as a condition"
                f" (network.audio), so its music can't be like {request.audio}"
            )
        return self.heard(request.audio, request.where)

    def heard(self, recording: Path, where: str = "") -> Floats:
        """A recording's first seconds `[samples]`, as many as a training clip has, as the audio
        encoder hears them. Raises UsageError for what can't be heard."""
        return first_seconds(recording, self.seconds, self.encoders.audio.rate_hz, where)

    def _beat(
        self, request: GenerationRequest, aligned: Tensor, present: Tensor, audio: Floats | None
    ) -> Beat:
        """By the tempo that is asked for in numbers; or that of the sound that it is to be like,
        unless the caption asks for another; or as the conditions have it, within what the caption
        asks for, as clear as that is in music of their kind. It begins on the beat."""
        if not self.recipe.network.metronome:
            if request.bpm:
                raise UsageError(
                    f"{request.where}{self.path} was trained without a metronome"
                    " (network.metronome), so no tempo can be asked for"
                )
            return NO_BEAT
        tokens = self.model.tokens
        heeded = [request.guidance.get(name) != 0 for name in tokens]
        told = dict(zip(tokens, heeded, strict=True))
        bounds = tempo_bounds_bpm(request.caption) if told["caption"] else None
        if request.bpm:
            bounds = (request.bpm, request.bpm)
        if bounds and bounds[0] == bounds[1]:
            return Beat(bounds[0], 0.0, 1.0)
        if audio is not None and told["audio"]:
            alike = beat_like(audio, self.encoders.audio.rate_hz)
            if alike.weight and (bounds is None or bounds[0] <= alike.bpm <= bounds[1]):
                return alike
        present = present & torch.tensor(heeded, device=self.device)
        read = self.model.alignment.tempo.read(aligned, present, bounds)
        return Beat(float(read.bpm), 0.0, 1.0 if bounds else float(read.clarity))

    def _check_version(self) -> None:
        if self.manifest.spec.layout != LAYOUT:
            raise Refused(
                f"{self.path} was trained by an earlier version of mmusset, whose models had other"
                " weights; train again, into another folder (--out)"
            )

    def _check(self) -> None:
        spec = self.manifest.spec
        if self.codec.identity != spec.codec:
            raise Refused(
                f"the codec in {self.folder.codec} is not the one that {self.path} was trained"
                " with; put that one back, or train into another folder (--out)"
            )
        if self.encoders.identities() != spec.encoders:
            raise Refused(
                f"the encoders are not those that {self.path} was trained with; train again,"
                " into another folder (--out)"
            )
