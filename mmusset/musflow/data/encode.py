"""Encode: shards become a cache of latents and embeddings.

One shard after the other. What the same codec and encoders made of the same bytes is reused,
so a killed run resumes, and new shards cost only themselves. Several processes divide the
shards among themselves, and when all are done one of them writes the manifest.
"""

import hashlib
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmusset.dsp.mono import to_mono
from mmusset.errors import MmussetError, UsageError
from mmusset.files import PARTIAL, file_sha256, write_bytes_durably
from mmusset.musflow.codecs.codec import Codec
from mmusset.musflow.encoders.encoder import ImageEncoder
from mmusset.musflow.encoders.encoders import Encoders
from mmusset.shards.reader import (
    BadSample,
    Members,
    Read,
    decode_sound,
    decoded,
    is_elsewhere,
    raw_samples,
    sha256_elsewhere,
    shards_of,
    split_of,
)

from .beat import Beat, beat_of
from .cache import (
    LAYOUT,
    CacheManifest,
    EncodedClip,
    EncodedShard,
    LatentSpec,
    ShardInfo,
    read_encoded_shard,
    sha256_of,
)
from .cache_write import (
    check_bad,
    file_names,
    manifest_of,
    rows_name,
    save_manifest,
    write_encoded_shard,
)
from .shifts import shift_samples

ONE_CAPTION = ("caption",)
BATCH = 8
# Unusable samples; with more of them, encoding stops early if their share is too high by then.
FEW_BAD = 10
# The files of a cache beside its manifest: only these are ever deleted.
CACHE_FILES = re.compile(
    rf".+-[0-9a-f]{{12}}\.(json|seen|\d+\.(latents|embeddings|video))({re.escape(PARTIAL)})?"
)
Floats = NDArray[np.float32]


def encode_shards(
    source: str,
    folder: Path,
    codec: Codec,
    encoders: Encoders,
    progress: Callable[[int, int], None],
    device: str = "cpu",
    rank: int = 0,
    world: int = 1,
    captions: Sequence[str] = ONE_CAPTION,
    shifts: int = 1,
) -> int:
    """Encode this process's share of the shards into the cache in `folder`; returns how many clips
    were encoded now. `finish_cache` must follow, in one process, when all are done.

    `progress(done, total)` counts shards. Raises MmussetError where shards are broken, have too
    low a rate, or too many samples that can't be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spec = latent_spec(codec, encoders, captions, shifts)
    spec_sha256 = sha256_of(spec)
    shards = shards_of(source)[rank::world]
    encoded_now = usable = 0
    bad = dict[str, str]()
    for done, shard in enumerate(shards):
        progress(done, len(shards))
        sha256 = _sha256_of_shard(shard, folder)
        name = rows_name(shard, sha256, spec_sha256)
        cached = read_encoded_shard(folder, name, spec)
        if cached is None:
            bad_here = dict[str, str]()
            raw = raw_samples(shard)
            rows = list(encoded(raw, codec, encoders, device, bad_here, captions, shifts))
            check_bad(bad | named(shard, bad_here), usable + len(rows), FEW_BAD)
            info = ShardInfo(
                spec_sha256=spec_sha256,
                split=split_of(shard),
                shard_sha256=sha256,
                bad=bad_here,
                stood_in=sum(row.stood_in for row in rows),
            )
            cached = write_encoded_shard(folder, name, info, rows)
            encoded_now += len(rows)
        usable += cached.count
        bad |= named(shard, cached.info.bad)
    progress(len(shards), len(shards))
    return encoded_now


def finish_cache(
    source: str,
    folder: Path,
    codec: Codec,
    encoders: Encoders,
    accept: Callable[[CacheManifest], None] = lambda manifest: None,
    captions: Sequence[str] = ONE_CAPTION,
    shifts: int = 1,
) -> CacheManifest:
    """Write the manifest of a cache whose shards are all encoded; delete the rows of shards that
    are gone.

    `accept` may raise before anything is changed. Raises MmussetError where a shard is not
    encoded, there is nothing to train on, or too many samples can't be used.
    """
    spec = latent_spec(codec, encoders, captions, shifts)
    spec_sha256 = sha256_of(spec)
    whole, seen = dict[str, EncodedShard](), set[str]()
    for shard in shards_of(source):
        name = rows_name(shard, _sha256_of_shard(shard, folder), spec_sha256)
        rows = read_encoded_shard(folder, name, spec)
        if rows is None:
            raise MmussetError(f"{shard} was not encoded yet; run the same command to go on")
        whole[name] = rows
        seen.add(_seen(shard, folder).name)
    manifest = manifest_of(spec, whole)
    accept(manifest)
    save_manifest(folder, manifest)
    current = seen.union(*(file_names(name, rows) for name, rows in whole.items()))
    for path in folder.iterdir():
        if CACHE_FILES.fullmatch(path.name) and path.name not in current:
            path.unlink()
    return manifest


def named(shard: str, bad: dict[str, str]) -> dict[str, str]:
    """Why samples of a shard can't be used, by shard and key."""
    return {f"{Path(shard).stem}: {key}": why for key, why in bad.items()}


def latent_spec(
    codec: Codec, encoders: Encoders, captions: Sequence[str] = ONE_CAPTION, shifts: int = 1
) -> LatentSpec:
    """The spec of what a codec and encoders make, of samples with these captions, so many times."""
    return LatentSpec(
        codec=codec.identity,
        encoders=encoders.identities(),
        widths=encoders.widths(),
        rate_hz=codec.rate_hz,
        channels=codec.channels,
        latent_channels=codec.latent_channels,
        samples_per_latent=codec.samples_per_latent,
        captions=tuple(captions),
        shifts=shifts,
        layout=LAYOUT,
    )


def training_sounds(source: str, rate_hz: int, channels: int) -> Iterator[Callable[[], Tensor]]:
    """For each sample of the train split what decodes its sound `[channels, samples]`, for fitting
    the codec, which needs but a few of many. Raises BadSample where it can't be used, which is
    counted when the shards are encoded."""
    for shard in shards_of(source):
        for _, members in raw_samples(shard) if split_of(shard) == "train" else ():
            yield partial(_sound, members.get("music.flac", b""), rate_hz, channels)


def _sound(flac: bytes, rate_hz: int, channels: int) -> Tensor:
    sound, sound_hz = decode_sound(flac)
    return torch.from_numpy(resampled(sound, sound_hz, rate_hz, channels).T.copy())


def resampled(sound: Floats, rate_hz: int, target_hz: int, channels: int) -> Floats:
    """Sound `[frames, channels]` at `target_hz`, mixed down to mono or doubled to `channels`.

    Raises UsageError where the sound has a lower rate, since the missing band can't be made
    up, and BadSample for another number of channels.
    """
    if rate_hz < target_hz:
        raise UsageError(
            f"the shards hold music at {rate_hz} Hz, the codec makes {target_hz} Hz: build"
            f" them with --set clip.rate_hz={target_hz}, or take a recipe of a lower rate"
        )
    if channels == 1:
        sound = to_mono(sound)[:, None]
    elif sound.shape[1] == 1:
        sound = np.repeat(sound, channels, axis=1)
    elif sound.shape[1] != channels:
        raise BadSample(f"its music has {sound.shape[1]} channels, the codec {channels}")
    if rate_hz == target_hz:
        return sound
    import soxr

    return np.asarray(soxr.resample(sound, rate_hz, target_hz), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class PreparedClip:
    """A sample, its sound `[channels, samples]` as the codec takes it, in whole frames, and `heard`
    `[samples]`, the same as the sound encoder hears it, with all of the shard's band, whatever
    the codec keeps.
    """

    read: Read
    sound: Floats
    heard: Floats
    beat: Beat

    @property
    def kin(self) -> tuple[str, str]:
        """Names of its piece and its picture. Of a sample of another tool nothing is known but
        that its picture may be another's."""
        piece, key = self.read.facts.get("source_sha256"), self.read.key
        return (piece if isinstance(piece, str) else key, self.read.picture or key)


def encoded(
    samples: Iterable[tuple[str, Members]],
    codec: Codec,
    encoders: Encoders,
    device: str,
    bad: dict[str, str],
    captions: Sequence[str] = ONE_CAPTION,
    shifts: int = 1,
) -> Iterator[EncodedClip]:
    """Encoded samples; why one can't be used goes into `bad`, by its key."""
    for same in groups(samples, codec, encoders, bad):
        sound = torch.from_numpy(np.stack([each.sound for each in same])).to(device)
        embeddings = embeddings_of(same, encoders, device, captions)
        latents = shifted_latents(sound, codec, shifts)
        videos = videos_of([each.read for each in same], encoders)
        for n, each in enumerate(same):
            key, parts = each.read.key, {name: rows[n] for name, rows in embeddings.items()}
            if all(np.isfinite(part).all() for part in (latents[n], *parts.values(), videos[n])):
                stood_in = stands_in(each.read, captions)
                yield EncodedClip(key, latents[n], parts, each.kin, each.beat, stood_in, videos[n])
            else:
                bad[key] = "the codec or an encoder made no finite numbers of it"


def groups(
    samples: Iterable[tuple[str, Members]], codec: Codec, encoders: Encoders, bad: dict[str, str]
) -> Iterator[list[PreparedClip]]:
    """Samples of one length together, at most BATCH, decoded in threads while earlier
    ones are encoded."""

    def usable(some: Iterable[tuple[str, Future[PreparedClip]]]) -> Iterator[PreparedClip]:
        for key, future in some:
            try:
                yield future.result()
            except BadSample as error:
                bad[key] = str(error)

    def samples_of(clip: PreparedClip) -> tuple[int, int]:
        return clip.sound.shape[1], len(clip.heard)

    left, ahead = iter(samples), deque[tuple[str, Future[PreparedClip]]]()
    with ThreadPoolExecutor(min(BATCH, os.cpu_count() or 1)) as threads:
        while True:
            for key, members in islice(left, 2 * BATCH - len(ahead)):
                ahead.append((key, threads.submit(prepared, key, members, codec, encoders)))
            if not ahead:
                break
            some = [ahead.popleft() for _ in range(min(BATCH, len(ahead)))]
            for _, same in groupby(sorted(usable(some), key=samples_of), key=samples_of):
                yield list(same)


def prepared(key: str, members: Members, codec: Codec, encoders: Encoders) -> PreparedClip:
    """A sample as codec and encoders take it. Raises BadSample."""
    read = decoded(key, members)
    sound = whole_frames(read.sound, read.rate_hz, codec)
    if (codec.rate_hz, codec.channels) == (encoders.audio.rate_hz, 1):
        heard = sound[0]
    else:
        heard = _heard(read, sound.shape[1] / codec.rate_hz, encoders.audio.rate_hz)
    return PreparedClip(read, sound, heard, beat_of(read))


def _heard(read: Read, seconds: float, rate_hz: int) -> Floats:
    """The first so many seconds of a sample's sound, in mono at a rate, `[samples]`."""
    heard = to_mono(read.sound)
    if read.rate_hz != rate_hz:
        import soxr

        heard = np.asarray(soxr.resample(heard, read.rate_hz, rate_hz), dtype=np.float32)
    return heard[: round(seconds * rate_hz)]


def whole_frames(sound: Floats, rate_hz: int, codec: Codec) -> Floats:
    """Sound `[channels, samples]` as the codec takes it, cut to whole latent frames.

    Raises BadSample where it has none, UsageError where its rate is too low.
    """
    fitting = resampled(sound, rate_hz, codec.rate_hz, codec.channels)
    whole = len(fitting) // codec.samples_per_latent * codec.samples_per_latent
    if not whole:
        raise BadSample("its music is shorter than one latent frame")
    return fitting[:whole].T


def shifted_latents(sound: Tensor, codec: Codec, shifts: int) -> NDArray[np.float16]:
    """Latents `[B, K, 1 or 2, T, C]` of sound `[B, channels, samples]`, each shift begun a fraction
    of a latent frame later, and a whole one shorter where there are several."""
    per_latent, samples = codec.samples_per_latent, sound.shape[2]
    length = samples if shifts == 1 else max(per_latent, samples - per_latent)
    begins = [min(shift_samples(n, shifts, per_latent), samples - length) for n in range(shifts)]
    return np.stack([latents_of(sound[..., n : n + length], codec) for n in begins], axis=1)


@torch.no_grad()
def latents_of(sound: Tensor, codec: Codec) -> NDArray[np.float16]:
    """Means and, where the codec has them, standard deviations `[B, 1 or 2, T, C]` for sound
    `[B, channels, samples]`."""
    moments = [moment for moment in codec.encode(sound) if moment is not None]
    return torch.stack(moments, dim=1).half().cpu().numpy()


@torch.no_grad()
def embeddings_of(
    clips: Sequence[PreparedClip],
    encoders: Encoders,
    device: str,
    captions: Sequence[str] = ONE_CAPTION,
) -> dict[str, Floats]:
    """Embeddings of clips: those of `condition_embeddings`, and of their sound `[B, W]`."""
    embeddings = condition_embeddings([each.read for each in clips], encoders, captions)
    heard = torch.from_numpy(np.stack([each.heard for each in clips])).to(device)
    embeddings["audio"] = encoders.audio(heard).float().cpu().numpy()
    return embeddings


@torch.no_grad()
def condition_embeddings(
    reads: Sequence[Read], encoders: Encoders, captions: Sequence[str] = ONE_CAPTION
) -> dict[str, Floats]:
    """Embeddings of images and stories `[B, W]`, and of captions `[B, F, W]`; 0, which means
    absent, without an image, and for an empty text."""
    told = [_texts(encoders.caption, [_caption(r, name) for r in reads]) for name in captions]
    return {
        "image": _images(encoders.image, reads),
        "story": _texts(encoders.story, [read.story for read in reads]),
        "caption": np.stack(told, axis=1),
    }


@torch.no_grad()
def videos_of(reads: Sequence[Read], encoders: Encoders) -> list[Floats]:
    """Embeddings `[S, W]` of the frames of each sample's video; S is 0 for one without."""
    frames = [frame for read in reads for frame in read.frames]
    ends = np.cumsum([len(read.frames) for read in reads])
    whole = (
        encoders.image(frames).float().cpu().numpy()
        if frames
        else np.zeros((0, encoders.image.width), np.float32)
    )
    return np.split(whole, ends[:-1])


def stands_in(read: Read, captions: Sequence[str]) -> bool:
    """Whether a sample's caption has to stand in for another telling that it lacks."""
    return bool(read.caption) and not all(read.captions.get(name) for name in captions[1:])


def _caption(read: Read, name: str) -> str:
    return (read.captions.get(name) if name != "caption" else "") or read.caption


def mono_at(sound: Tensor, rate_hz: int, target_hz: int) -> Tensor:
    """Mono sound `[B, samples]` at `target_hz` from `[B, channels, samples]` at `rate_hz`."""
    mono = sound.mean(dim=1)
    if rate_hz == target_hz:
        return mono
    import soxr

    frames = mono.T.cpu().numpy()  # soxr takes [frames, channels]
    other = np.ascontiguousarray(soxr.resample(frames, rate_hz, target_hz).T, dtype=np.float32)
    return torch.from_numpy(other).to(sound.device)


def _images(encoder: ImageEncoder, reads: Sequence[Read]) -> Floats:
    """Embeddings of pictures `[B, W]`, each made once for all samples that share it."""
    embeddings = np.zeros((len(reads), encoder.width), np.float32)
    pictures = {read.picture: read.image for read in reads if read.image is not None}
    if pictures:
        made = encoder(list(pictures.values())).float().cpu().numpy()
        of = dict(zip(pictures, made, strict=True))
        there = [n for n, read in enumerate(reads) if read.image is not None]
        embeddings[there] = [of[reads[n].picture] for n in there]
    return embeddings


def _texts(encoder: Callable[[Sequence[str]], Tensor], texts: list[str]) -> Floats:
    present = np.array([[bool(text)] for text in texts], dtype=np.float32)
    return encoder(texts).float().cpu().numpy() * present


def _sha256_of_shard(shard: str, folder: Path) -> str:
    """The hash of a shard's bytes, which are read again only if its size or time has changed."""
    if is_elsewhere(shard):
        return sha256_elsewhere(shard)
    try:
        facts = Path(shard).stat()
        stamp, note = f"{facts.st_size} {facts.st_mtime_ns}", _seen(shard, folder)
        if note.exists():
            noted_stamp, noted_sha256 = note.read_text().splitlines()
            if noted_stamp == stamp:
                return noted_sha256
        sha256 = file_sha256(Path(shard))
    except FileNotFoundError:
        raise MmussetError(f"{shard} is gone; build again to write it") from None
    write_bytes_durably(note, f"{stamp}\n{sha256}\n".encode(), "seen")
    return sha256


def _seen(shard: str, folder: Path) -> Path:
    """The file that remembers a shard's hash."""
    place = hashlib.sha256(str(Path(shard).resolve()).encode()).hexdigest()
    return folder / f"{Path(shard).stem}-{place[:12]}.seen"
