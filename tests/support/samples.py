"""Small whole samples that tests are made of."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from mmusset.measured import Measured
from mmusset.measurements.key import MusicalKey
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.tempo import Tempo
from mmusset.quality import Quality
from mmusset.sample import Material, Prepared, Quadruple
from mmusset.sample_parts.claims import JudgedClaim
from mmusset.sample_parts.evidence import Colour, ImageEvidence, MusicEvidence, Placed
from mmusset.sample_parts.media import ClipFacts, FrameFacts, ImageFacts, MediaFacts
from mmusset.sample_parts.piece import Split, Tags
from mmusset.sample_parts.texts import Caption, Captions, Story
from mmusset.sample_parts.turns import Turn
from mmusset.shards.frames import frame_size, sheet_of
from mmusset.shards.tar import Sample

RATE_HZ = 8000


def measured(value: float, confidence: float = 0.95) -> Measured:
    return Measured(value=value, confidence=confidence)


def music_evidence(**changes: object) -> MusicEvidence:
    """A quiet, sparse piece in A minor at 84 BPM without drums, all of it certain."""
    evidence = {
        "duration_s": 10.24,
        "peak_dbfs": -12.0,
        "tempo": Tempo(bpm=84.0, half_bpm=42.0, double_bpm=168.0, confidence=0.95),
        "key": MusicalKey(
            tonic="A", mode="minor", alternative="C major", confidence=0.95, mode_confidence=0.95
        ),
        "loudness_lufs": measured(-30.0),
        "dynamic_range_db": measured(4.0),
        "brightness_hz": measured(300.0),
        "onset_density_hz": measured(1.2),
        "percussiveness": measured(0.1),
        "stereo_width": measured(0.5),
        "silence_share": measured(0.0),
    }
    # What is added to the list later is unknown here, unless a test says otherwise.
    unknown = {
        each.field: Measured(value=0.0, confidence=0.0)
        for each in MEASUREMENTS
        if each.field and each.model is Measured
    }
    return MusicEvidence.model_validate(unknown | evidence | changes)


def quality(**changes: object) -> Quality:
    """Of a sound that nothing is wrong with."""
    whole = {
        "score": 1.0,
        "worst": "none",
        "clipped_share": 0.0,
        "longest_clip_ms": 0.0,
        "hum_db": 0.0,
        "hum_hz": 0,
        "silence_share": 0.0,
        "bandwidth_hz": 3500.0,
        "cut_off": False,
        "dc_offset": 0.0,
        "mono_in_stereo": False,
    }
    return Quality.model_validate(whole | changes)


def image_evidence() -> ImageEvidence:
    """A dim, cool picture of few colours."""
    return ImageEvidence(
        width_px=64,
        height_px=64,
        palette=(
            colour("midnight blue", "#191970", 0.7, "top"),
            colour("amber", "#ffbf00", 0.3, "bottom"),
        ),
        brightness=measured(0.3),
        warmth=measured(0.3),
        saturation=measured(0.5),
        contrast=measured(0.4),
        busyness=measured(0.2),
        sharpness=measured(0.8),
        lightest=Placed(where="bottom", shape="area", confidence=0.9, filled=0.3),
    )


def colour(name: str, rgb: str = "#000000", share: float = 0.2, where: str = "all over") -> Colour:
    """A colour of a palette, at a place."""
    place = {"where": where, "shape": "area", "confidence": 0.9, "filled": 0.9}
    return Colour.model_validate(
        {"name": name, "hex": rgb, "share": share, "purity": 1.0, "place": place}
    )


def jpeg(colour: str = "navy") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, "JPEG")
    return file.getvalue()


def flac(hz: float = 220.0, seconds: float = 0.5) -> bytes:
    file = io.BytesIO()
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    soundfile.write(file, 0.3 * np.sin(2 * np.pi * hz * time_s), RATE_HZ, format="FLAC")
    return file.getvalue()


def sample(number: int, split: Split = "train", group: str | None = None) -> Sample:
    """A sample that differs from those of other numbers in all that it holds."""
    facts = media_facts()
    image, music = jpeg(f"#{40 * number % 256:02x}8040"), flac(200.0 + number)
    quadruple = Quadruple(
        key=f"k{number:05d}",
        split=split,
        group=group or f"g{number}",
        image=facts.image.model_copy(update={"sha256": hashlib.sha256(image).hexdigest()}),
        music=facts.music.model_copy(update={"sha256": hashlib.sha256(music).hexdigest()}),
        story=Story(text=f"Story {number}: the lamp was out.", writer="story_writer"),
        caption=Caption(
            text=f"A quiet piece, number {number}.",
            claims=(
                JudgedClaim(
                    attribute="loudness",
                    value="quiet",
                    text="quiet",
                    verdict="supported",
                    measured="-30.0 LUFS",
                    confidence=0.9,
                ),
            ),
            writer="captioner",
        ),
        captions=Captions(
            short="A quiet piece.",
            tags="quiet",
            plain_numbers="A quiet piece.",
            no_numbers="A quiet piece.",
        ),
        music_evidence=facts.music_evidence,
        quality=facts.quality,
        image_evidence=facts.image_evidence,
        tags=Tags(),
        speaker="offline",
        model="offline-grammar/1",
        turns=(
            Turn(
                agent="captioner",
                round=0,
                speaker="offline",
                model="offline-grammar/1",
                prompt_sha256="0" * 64,
                request_sha256="1" * 64,
                said="A quiet piece.",
                faults="",
            ),
        ),
        source_sha256=hashlib.sha256(f"song {number}".encode()).hexdigest(),
    )
    return Sample(quadruple, image, music)


def filmed(still: Sample, seconds: int = 3) -> Sample:
    """The same sample, its picture one of a video that grows lighter from second to second, about a
    red square."""
    whole = [Image.new("RGB", (64, 48), 3 * (40 * number % 256,)) for number in range(seconds)]
    for frame in whole:
        frame.paste((200, 40, 40), (40, 24, 64, 48))
    return with_frames(still, whole)


def with_frames(still: Sample, frames: list[Image.Image]) -> Sample:
    """The same sample, its picture one of a video with these frames, one for each second."""
    sheet, file = sheet_of(frames), io.BytesIO()
    sheet.save(file, "JPEG")
    width, height = frame_size(sheet, len(frames))
    facts = FrameFacts(
        count=len(frames),
        width_px=width,
        height_px=height,
        sha256=hashlib.sha256(file.getvalue()).hexdigest(),
    )
    quadruple = still.quadruple.model_copy(update={"frames": facts})
    return replace(still, quadruple=quadruple, frames_jpeg=file.getvalue())


def material(
    picture: Path = Path("picture.jpg"),
    *,
    key: str = "k1",
    tags: Tags | None = None,
    given_story: str = "",
    given_caption: str = "",
) -> Material:
    """What the agents are given of a sample; the picture is read only if a model is sent it."""
    prepared = Prepared(media=media_facts(), given_story=given_story, given_caption=given_caption)
    return Material(key, 0, tags or Tags(), prepared, picture)


def media_facts(**changes: object) -> MediaFacts:
    """A clip and a picture, and what was measured on them."""
    facts = {
        "image": ImageFacts(origin="stem", width_px=64, height_px=64, sha256="0" * 64),
        "music": ClipFacts(
            start_s=0.0,
            duration_s=0.5,
            rate_hz=RATE_HZ,
            channels=1,
            source_rate_hz=RATE_HZ,
            upsampled=False,
            generated_by="",
            sha256="0" * 64,
        ),
        "music_evidence": music_evidence(),
        "quality": quality(),
        "image_evidence": image_evidence(),
    }
    return MediaFacts.model_validate(facts | changes)
