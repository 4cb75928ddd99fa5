"""Where measured numbers become words.

A border between two words has a margin on either side. On the border a word is
worth no confidence, one margin away all the confidence of its measurement, and
within the margin the word across the border can't be ruled out either. Where no
source is given, a border is our choice, set so that of 120 rendered General MIDI
pieces no word takes nearly all.
"""

from dataclasses import dataclass

from mmusset.sample import TONICS, Attribute, Measured, Mode, MusicEvidence, Tempo, Tonic


@dataclass(frozen=True, slots=True)
class Border:
    """Where one word ends and the next begins, and how near is too near to tell."""

    at: float
    margin: float


@dataclass(frozen=True, slots=True)
class Scale:
    """Words from low to high, with a border between each two."""

    words: tuple[str, ...]
    borders: tuple[Border, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clip's evidence says of one attribute.

    `measured` is the number in print, such as "-23.4 LUFS". `near` are the other
    values that the evidence can't rule out.
    """

    attribute: Attribute
    value: str
    measured: str
    confidence: float
    near: frozenset[str]


# BPM; borders as in the MidiCaps captions (2024), whose "very fast" we don't part from fast.
PULSE = Scale(("slow", "moderate", "fast"), (Border(80.0, 8.0), Border(120.0, 10.0)))
# LUFS. Broadcasts aim at -23 (EBU R 128), streaming turns down what is over about -14.
LOUDNESS = Scale(("quiet", "medium", "loud"), (Border(-24.0, 1.5), Border(-15.0, 1.5)))
# dB between the 10th and the 95th percentile of momentary loudness.
DYNAMICS = Scale(("even", "varied"), (Border(6.0, 1.2),))
# Hz, spectral centroid weighted by power, which the bass keeps low.
BRIGHTNESS = Scale(("dark", "balanced", "bright"), (Border(400.0, 60.0), Border(1300.0, 200.0)))
# Onsets per second; notes that begin together are one. Quavers at 54 and 114 BPM.
DENSITY = Scale(("sparse", "steady", "busy"), (Border(1.8, 0.3), Border(3.8, 0.4)))
PERCUSSION = Scale(("absent", "present"), (Border(0.5, 0.15),))
# Share of the side signal; a lossy codec gives a mono piece a little side of its own.
WIDTH = Scale(("mono", "narrow", "wide"), (Border(0.02, 0.01), Border(0.3, 0.05)))
# Mean of loudness, density and percussiveness, each from 0 to 1 (`energy`).
ENERGY = Scale(("calm", "moderate", "energetic"), (Border(0.35, 0.06), Border(0.62, 0.06)))

# What counts as 0 and as 1 in energy. Ours: quiet solo piano, and dense mastered rock.
ENERGY_LUFS = (-35.0, -9.0)
ENERGY_ONSETS_HZ = (0.5, 5.5)

# Listeners call music slow or fast by its events as much as by its beat: in MusicBench,
# clips that people call slow have a median of 107 BPM. So a word must fit both.
FITTING_ONSETS_HZ = {"slow": (0.0, 2.5), "moderate": (1.0, 6.0), "fast": (2.5, float("inf"))}
HEARD_BPM = (40.0, 220.0)  # half or double beyond this is not heard as the beat
RIVAL_PULSE = 0.5  # what a pulse word keeps where half or double time would read otherwise


def readings(music: MusicEvidence) -> dict[Attribute, Reading]:
    """Each attribute that evidence can settle, in the order of `sample.Attribute`."""
    onsets = music.onset_density_hz
    found = (
        _tempo(music.tempo),
        _pulse(music.tempo, onsets),
        *_tonality(music),
        _band("loudness", LOUDNESS, music.loudness_lufs, "{:.1f} LUFS"),
        _band("dynamics", DYNAMICS, music.dynamic_range_db, "{:.1f} dB"),
        _band("brightness", BRIGHTNESS, music.brightness_hz, "{:.0f} Hz"),
        _band("density", DENSITY, onsets, "{:.1f} onsets/s"),
        _band("percussion", PERCUSSION, music.percussiveness, "percussiveness {:.2f}"),
        _band("width", WIDTH, music.stereo_width, "width {:.2f}"),
        _band("energy", ENERGY, energy(music), "energy {:.2f}"),
    )
    return {reading.attribute: reading for reading in found}


def energy(music: MusicEvidence) -> Measured:
    """Mean of loudness, onset density and percussiveness, each brought to 0..1.

    It is as sure as the least sure of the three.
    """
    parts = (music.loudness_lufs, music.onset_density_hz, music.percussiveness)
    shares = (
        _share(music.loudness_lufs.value, ENERGY_LUFS),
        _share(music.onset_density_hz.value, ENERGY_ONSETS_HZ),
        _share(music.percussiveness.value, (0.0, 1.0)),
    )
    return Measured(value=sum(shares) / 3, confidence=min(part.confidence for part in parts))


def word(scale: Scale, value: float) -> str:
    """The word for a value; a value on a border takes the higher word."""
    return scale.words[sum(value >= border.at for border in scale.borders)]


def surety(scale: Scale, value: float) -> float:
    """From 0 on a border to 1 at a margin or more from every border."""
    return min(1.0, *(abs(value - border.at) / border.margin for border in scale.borders))


def near(scale: Scale, value: float) -> frozenset[str]:
    """The words across those borders that are less than their margin away."""
    close = (
        (scale.words[index], scale.words[index + 1])
        for index, border in enumerate(scale.borders)
        if abs(value - border.at) < border.margin
    )
    return frozenset(neighbour for pair in close for neighbour in pair) - {word(scale, value)}


def relative_key(tonic: Tonic, mode: Mode) -> str:
    """The key with the same notes: "C major" for A minor."""
    if mode == "minor":
        return f"{TONICS[(TONICS.index(tonic) + 3) % 12]} major"
    return f"{TONICS[(TONICS.index(tonic) - 3) % 12]} minor"


def _band(attribute: Attribute, scale: Scale, measured: Measured, form: str) -> Reading:
    return Reading(
        attribute,
        word(scale, measured.value),
        form.format(measured.value),
        measured.confidence * surety(scale, measured.value),
        near(scale, measured.value),
    )


def _tempo(tempo: Tempo) -> Reading:
    others = frozenset(f"{bpm:.0f}" for bpm in (tempo.half_bpm, tempo.double_bpm))
    return Reading("tempo", f"{tempo.bpm:.0f}", f"{tempo.bpm:.1f} BPM", tempo.confidence, others)


def _pulse(tempo: Tempo, onsets: Measured) -> Reading:
    """A word that both beat and onsets fit; half or double time may fit as well."""
    value = word(PULSE, tempo.bpm)
    others = frozenset(
        other
        for bpm in (tempo.half_bpm, tempo.double_bpm)
        if HEARD_BPM[0] <= bpm <= HEARD_BPM[1]
        and (other := word(PULSE, bpm)) != value
        and _fits(other, onsets)
    )
    fit = 0.0 if not _fits(value, onsets) else RIVAL_PULSE if others else 1.0
    return Reading(
        "pulse",
        value,
        f"{tempo.bpm:.1f} BPM, {onsets.value:.1f} onsets/s",
        min(tempo.confidence, onsets.confidence) * surety(PULSE, tempo.bpm) * fit,
        near(PULSE, tempo.bpm) | others,
    )


def _fits(value: str, onsets: Measured) -> bool:
    low, high = FITTING_ONSETS_HZ[value]
    return low <= onsets.value <= high


def _tonality(music: MusicEvidence) -> tuple[Reading, Reading]:
    key = music.key
    others = frozenset({key.alternative, relative_key(key.tonic, key.mode)}) - {key.name, ""}
    return (
        Reading("key", key.name, key.name, key.confidence, others),
        Reading("mode", key.mode, key.name, key.mode_confidence, frozenset()),
    )


def _share(value: float, ends: tuple[float, float]) -> float:
    low, high = ends
    return min(1.0, max(0.0, (value - low) / (high - low)))
