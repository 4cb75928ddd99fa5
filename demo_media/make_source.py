"""Make the example source: music from scores.py, pictures from pictures.py, no recordings.

Needs FluidSynth with FluidR3_GM.sf2 and ffmpeg, and the project's Python packages:

    apt-get install fluidsynth fluid-soundfont-gm ffmpeg
    python demo_media/make_source.py [--out DIR] [--pieces N]

With --pieces it is a library of N random pieces instead, to train on (library.py).
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ferry
import numpy as np
import scores
from catalogue import LICENSE, NOTES, WORKS, Work
from library import make_library
from mastering import mastered
from pictures import picture

EXAMPLES = Path(__file__).parents[1] / "examples"
RATE_HZ = 44100
FRAME_RATE_HZ = 12
FADE_S = 1.2

# By suffix: how ffmpeg encodes the sound.
CODECS = {
    ".mp3": ("-c:a", "libmp3lame", "-b:a", "96k", "-id3v2_version", "3"),
    ".m4a": ("-c:a", "aac", "-b:a", "96k"),
    ".mp4": ("-c:a", "aac", "-b:a", "96k"),
    ".ogg": ("-c:a", "libvorbis", "-q:a", "3"),
    ".opus": ("-c:a", "libopus", "-b:a", "96k", "-ar", "48000"),
    ".flac": ("-c:a", "flac", "-compression_level", "12", "-ar", "32000"),
    ".wav": ("-c:a", "pcm_s16le", "-ar", "22050", "-ac", "1"),
}
PILLOW: dict[str, dict[str, Any]] = {
    ".jpg": {"quality": 85, "optimize": True},
    ".webp": {"quality": 85, "method": 6},
    ".png": {"optimize": True},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=EXAMPLES / "source", help="where it is written")
    parser.add_argument("--pieces", type=int, help="so many random pieces instead, for training")
    options = parser.parse_args()
    out: Path = options.out
    if missing := missing_packages():
        sys.exit(f"not installed: {' '.join(missing)}. apt-get install {' '.join(missing)}")
    if out.exists() and any(out.iterdir()):
        sys.exit(f"{out} is not empty: move it away first")
    if options.pieces:
        make_library(out, options.pieces)
    else:
        make_examples(out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{options.pieces or len(WORKS)} pieces, {size / 1e6:.1f} MB in {out}")


def make_examples(out: Path) -> None:
    """Write the catalogue's works, and beside the folder what is known of them."""
    truth = {}
    with tempfile.TemporaryDirectory() as folder:
        for work in WORKS:
            make(work, out, Path(folder))
            truth[work.path] = known(work)
    (out / "notes.md").write_text(NOTES, encoding="utf-8")
    text = json.dumps(truth, indent=1, ensure_ascii=False)
    (out.parent / "truth.json").write_text(text + "\n", encoding="utf-8")


def missing_packages() -> list[str]:
    """The Debian packages that are needed and not there."""
    there = {
        "fluidsynth": shutil.which("fluidsynth") is not None,
        "fluid-soundfont-gm": (scores.SOUNDS / "sf2" / "FluidR3_GM.sf2").is_file(),
        "ffmpeg": shutil.which("ffmpeg") is not None,
    }
    return [package for package, found in there.items() if not found]


def make(work: Work, out: Path, scratch: Path) -> None:
    """Write the piece's file, its picture and its story."""
    path = out / work.path
    path.parent.mkdir(parents=True, exist_ok=True)
    wav = scratch / "sound.wav"
    scores.render(scores.compose(work.piece), wav, gain=0.35)
    master(wav, work)
    if work.paired == "video":
        pictures = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "640x360")
        rate = ("-r", str(FRAME_RATE_HZ), "-i", "-")
        frames = ferry.frames(work.seconds, FRAME_RATE_HZ)
        encode(wav, path, work, *pictures, *rate, frames=frames)
    elif work.paired == "embedded":
        cover = scratch / "cover.jpg"
        save(work.picture, cover)
        encode(wav, path, work, "-i", str(cover))
    else:
        encode(wav, path, work)
    if work.picture_path and not (out / work.picture_path).exists():
        save(work.picture, out / work.picture_path)
    if work.story:
        path.with_suffix(".txt").write_text(work.story + "\n", encoding="utf-8")


def master(wav: Path, work: Work) -> None:
    """Cut the sound to length, fade its end, and bring it to its loudness."""
    import soundfile

    sound, rate_hz = soundfile.read(wav)
    sound = sound[: round(work.seconds * rate_hz)]
    fade = round(FADE_S * rate_hz)
    sound[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade))[:, None]
    sound = mastered(sound, rate_hz, work.loudness_lufs)
    soundfile.write(wav, sound, rate_hz, subtype="PCM_16")


def encode(
    wav: Path, path: Path, work: Work, *more: str, frames: Iterator[bytes] | None = None
) -> None:
    """Encode the sound with its tags, and with a picture or frames as second input."""
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", "-i", str(wav), *more]
    command += ["-map", "0:a", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    command += CODECS[path.suffix]
    if frames:
        command += ["-map", "1:v", "-c:v", "libx264", "-preset", "slow", "-crf", "27"]
        command += ["-pix_fmt", "yuv420p", "-movflags", "+faststart", "-threads", "1"]
    elif more:
        command += ["-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic"]
        command += ["-metadata:s:v", "title=Album cover", "-metadata:s:v", "comment=Cover (front)"]
    for name, value in tags(work, path.suffix).items():
        command += ["-metadata", f"{name}={value}"]
    with subprocess.Popen([*command, str(path)], stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        for frame in frames or ():
            ffmpeg.stdin.write(frame)
        ffmpeg.stdin.close()
    if ffmpeg.returncode:
        sys.exit(f"ffmpeg could not write {path}; its message stands above")


def tags(work: Work, suffix: str) -> dict[str, str]:
    """The tags of a file. Where a container knows no licence, the copyright line holds it."""
    if not work.title:
        return {}
    rights = "copyright" if suffix in (".m4a", ".mp4") else "LICENSE"
    named = {"title": work.title, "artist": work.artist, "album": work.album, "genre": work.genre}
    if work.album and work.paired == "folder":
        named["track"] = Path(work.path).name[:2]
    return {name: value for name, value in named.items() if value} | {rights: LICENSE}


def save(name: str, path: Path) -> None:
    """Draw a picture and save it in the format of its suffix."""
    image = picture(name)
    if path.suffix == ".png":
        image = image.quantize(palette=image.quantize(256))  # the second time with dither
    image.save(path, **PILLOW[path.suffix])


def known(work: Work) -> dict[str, object]:
    """What is known of a file because we composed it."""
    piece = work.piece
    return {
        "tempo_bpm": piece.tempo_bpm,
        "tonic": piece.tonic,
        "mode": piece.mode,
        "instruments": list(piece.instruments),
        "drums": piece.drums,
        "loudness": work.loudness,
        "seconds": work.seconds,
        "artist": work.artist,
        "album": work.album,
        "license": LICENSE if work.title else "",
        "paired": work.paired,
    }


if __name__ == "__main__":
    main()
