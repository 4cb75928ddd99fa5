"""How clips and pictures feel, by what was measured on them."""

import numpy as np
from PIL import Image

from mmusset.evidence import image as images
from mmusset.evidence.music import measure
from mmusset.matching.affect import MOODS, Affect, of_music, of_picture, with_moods
from mmusset.matching.theme import words_of
from mmusset.sources import tag_words

RATE_HZ = 22050


def chords(third: int, beat_s: float, gain: float, noise: float) -> Affect:
    """Two chords by turns, over clicks of noise."""
    time_s = np.arange(6 * RATE_HZ) / RATE_HZ
    since = time_s % beat_s
    sound = np.zeros_like(time_s)
    for bar, root in enumerate((57, 62)):
        gate = (time_s // (4 * beat_s)) % 2 == bar
        for note in (root, root + third, root + 7, root - 12):
            sound += gate * np.sin(2 * np.pi * 440 * 2 ** ((note - 69) / 12) * time_s)
    sound *= np.exp(-2 * since)
    sound += noise * np.exp(-60 * since) * np.random.default_rng(1).standard_normal(len(time_s))
    stereo = np.stack([sound, sound], axis=1)
    samples = gain * stereo / np.abs(stereo).max()
    return of_music(measure(samples.astype(np.float32), RATE_HZ))


def plain(colour: tuple[int, int, int], speckles: int = 0) -> Affect:
    pixels = np.full((160, 160, 3), colour, dtype=np.uint8)
    rng = np.random.default_rng(2)
    for y, x in rng.integers(0, 150, size=(speckles, 2)):
        pixels[y : y + 8, x : x + 8] = rng.integers(0, 255, size=3)
    return of_picture(images.measure(Image.fromarray(pixels)))


def test_loud_fast_drums_stir_more_than_quiet_chords() -> None:
    calm, wild = chords(4, 1.2, 0.03, 0.0), chords(4, 0.3, 0.9, 3.0)
    assert wild.arousal > calm.arousal + 0.3


def test_major_is_more_pleasant_than_minor() -> None:
    assert chords(4, 0.5, 0.4, 0.0).valence > chords(3, 0.5, 0.4, 0.0).valence


def test_light_is_more_pleasant_than_dark_and_a_crowd_of_colours_stirs() -> None:
    assert plain((250, 240, 180)).valence > plain((25, 22, 30)).valence + 0.3
    assert plain((120, 120, 125), 200).arousal > plain((120, 120, 125)).arousal + 0.1


def test_a_mood_of_a_tag_moves_what_was_measured_half_the_way() -> None:
    affect = Affect(valence=0.5, arousal=0.5)
    moved = with_moods(affect, ["sad"])
    assert moved.valence == (0.5 + MOODS["sad"].valence) / 2
    assert with_moods(affect, ["unheard of"]) == affect


def test_every_mood_that_tags_tell_has_a_place() -> None:
    assert {mood for (mood,) in tag_words.MOODS.values()} == set(MOODS)


def test_words_that_may_name_a_theme() -> None:
    assert words_of("Fotos/IMG_2041 Fjörd bei Nacht", "02 The Fjord (remastered)") == {
        *("fotos", "fjord", "bei", "nacht"),
    }
