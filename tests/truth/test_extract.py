"""What captions claim, read by code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.measurements.key import TONICS
from mmusset.measurements.spoken_tempo import ONES, TEENS, TENS
from mmusset.truth.extract import extract
from mmusset.truth.lexicon import Synonyms, lexicon

# A caption and its claims, "attribute value" each.
CAPTIONS = {
    # plain statements
    "A hushed piece in A minor near 72 BPM.": "loudness quiet|key A minor|tempo 72",
    "There are no drums, and its level hardly moves.": "percussion absent|dynamics even",
    "Loud, busy and bright, it drives along at about 128 beats a minute.": (
        "loudness loud|density busy|brightness bright|tempo 128"
    ),
    "An unhurried, slow pulse of 84 beats per minute.": "pulse slow|pulse slow|tempo 84",
    "It is calm and dark in tone, with few notes.": ("energy calm|brightness dark|density sparse"),
    "Drums drive it; the sound is spread wide across the stereo field.": (
        "percussion present|width wide"
    ),
    "Mono, steady in level, sparse.": "width mono|dynamics even|density sparse",
    "It swells and falls, from quiet to loud.": "dynamics varied|dynamics varied",
    "An allegro in the key of F sharp major.": "pulse fast|key F# major",
    "A wistful jazz waltz for solo piano.": (
        "mood wistful|genre jazz|genre waltz|instrument piano"
    ),
    "A female voice sings over strings.": ("vocals present|vocals present|instrument strings"),
    "A mid-tempo, moderately loud instrumental.": ("pulse moderate|loudness medium|vocals absent"),
    # tempo
    "Around 120 BPM.": "tempo 120",
    "A 120-BPM groove.": "tempo 120",
    "At eighty-four beats a minute.": "tempo 84",
    "One hundred and twenty beats per minute.": "tempo 120",
    "A hundred BPM.": "tempo 100",
    "Between 80 and 90 BPM.": "tempo 80-90",
    "From 90 down to 80 BPM.": "tempo 80",
    "Some 80 to 90 beats a minute.": "tempo 80-90",
    "The tempo is about 96.": "tempo 96",
    "Tempo: 120, four bars.": "tempo 120",
    "A tempo of 3 bars, on beat two, in 4/4.": "",
    # keys
    "In B-flat major, later in C# minor.": "key A# major|key C# minor",
    "In E♭ minor.": "key D# minor",
    "It stays in d minor throughout.": "key D minor",
    "In A harmonic minor.": "key A minor",
    "A minor, and nothing else.": "key A minor",
    "A minor-key piece.": "mode minor",
    "A minor piece of luck in a minor way.": "",
    "In a minor key.": "mode minor",
    "The mode is major? In minor, rather.": "mode minor",
    "It plays a major role at a key moment.": "",
    "It opens on a D minor chord.": "",
    # denials
    "Without drums or bass.": "percussion absent|instrument not bass",
    "Without drums and vocals.": "percussion absent|vocals absent",
    "No vocals, drums drive it; no bass and drums drive it.": (
        "vocals absent|percussion present|instrument not bass|percussion present"
    ),
    "No percussion, and no vocals.": "percussion absent|vocals absent",
    "It isn't loud, and not too fast.": "loudness not loud|pulse not fast",
    "The drums never enter.": "percussion absent",
    "A drumless, percussion-free track.": "percussion absent|percussion absent",
    "Neither loud nor quiet.": "loudness medium",
    "Neither dark nor very busy.": "brightness not dark|density not busy",
    "Not only loud but energetic.": "loudness loud|energy energetic",
    "Not without drums.": "percussion present",
    "Nothing moves fast; a far cry from anything loud.": "pulse not fast|loudness not loud",
    "It does not rely on drums, nor is it busy.": "percussion absent|density not busy",
    "No drums, bass or voice; nobody sings.": (
        "percussion absent|instrument not bass|vocals absent|vocals absent"
    ),
    # what can hardly be heard is there
    "Barely heard latin rhythms, hardly audible drums, hardly any bass.": (
        "genre latin|percussion present|instrument not bass"
    ),
    # where nothing drummed is named, that nothing else plays means no drums
    "A harp plays alone; there are no other instruments.": "instrument harp|percussion absent",
    "A shaker and a flute, no other instruments.": "instrument shaker|instrument flute",
    # people's ways of saying it
    "The tempo of this song is moderate.": "pulse moderate",
    "The tempo is medium fast, and the mood easygoing and calming.": (
        "pulse moderate|energy calm|energy calm"
    ),
    # adjectives of a part claim nothing of the whole
    "Soft hi-hats, a loud, simple rock drum beat and wide synth pads.": (
        "instrument hi hat|percussion present|instrument synthesizer"
    ),
    "A soft piano piece, a calm instrumental.": (
        "loudness quiet|instrument piano|energy calm|vocals absent"
    ),
    "The drums are loud, and a voice sings softly.": (
        "percussion present|vocals present|vocals present"
    ),
    "It is loud and bright, drums drive it.": "loudness loud|brightness bright|percussion present",
    "A slow drum beat under a fast hi-hat.": "pulse slow|percussion present|instrument hi hat",
    "Loud noises and soft effects.": "",
    "The guitar tone is bright, the cello's sound is dark, its vibrato slow.": (
        "instrument guitar|instrument cello"
    ),
    "The low volume of the flute; the volume of the piece is low.": (
        "instrument flute|loudness quiet"
    ),
    # adjectives stand at a noun of the music, or say nothing of it
    "A quiet sorrow, slow goodbyes, a booming note; the high tone is loud.": "",
    "A quiet, understated tune; the music is soft, slow and brief.": (
        "loudness quiet|loudness quiet|pulse slow"
    ),
    "It is quietly insistent; a bird sings loudly.": "vocals present",
    "It's a loud record, and it's slow.": "loudness loud|pulse slow",
    # said of traits and amounts
    "The volume of the piece remains rather low, the tempo is anything but fast.": (
        "loudness quiet|pulse not fast"
    ),
    "Volume: low; energy: high; timbre: dark.": "loudness quiet|energy energetic|brightness dark",
    "The level does not vary; no sudden swells.": "dynamics even|dynamics even",
    "Dynamically, it is flat.": "dynamics even",
    "It has few notes and little treble.": "density sparse|brightness dark",
    "About five notes per second, at 93 to the minute.": "density busy|tempo 93",
    "Its harmonies lean minor; minor chords, not major ones.": "mode minor|mode minor",
    "The key is a minor one.": "mode minor",
    "Both channels are identical.": "width mono",
    "Quiet passages give way to loud ones; it begins softly and ends in uproar.": (
        "dynamics varied|dynamics varied"
    ),
    "It never rises above a whisper; nobody plays below a shout.": "loudness quiet|loudness loud",
    # in the manner of captioning models
    "The dynamic range is narrow; the stereo image, which is narrow, suits the scene.": (
        "dynamics even|width narrow"
    ),
    "There are changes in volume. It gets louder and then softer.": (
        "dynamics varied|dynamics varied"
    ),
    "There are no changes in volume. The volume changes very little.": (
        "dynamics even|dynamics even"
    ),
    "The notes are closely spaced, with plenty of room between them.": (
        "density busy|density sparse"
    ),
    "The volume is moderately loud, the stereo image is moderately wide.": (
        "loudness medium|width not mono"
    ),
    "A moderately bright tone.": "brightness balanced",
    "The energy is low to moderate, the tempo medium to moderate.": "pulse moderate",
    "The tone is warm and dark.": "mood warm|brightness dark",
    "The volume is low and constant.": "loudness quiet|dynamics even",
    "The tempo of 60 BPM is slow; the loudness, at -20 LUFS, is moderate.": (
        "tempo 60|pulse slow|loudness medium"
    ),
    "Tempo: approx. 90 BPM (moderate); **Volume:** low; Drums (none); energy - high.": (
        "tempo 90|pulse moderate|loudness quiet|percussion absent|energy energetic"
    ),
    "The tempo of this song is 82. The tempo is relaxed; the tempo is lively.": (
        "tempo 82|pulse not fast|pulse fast"
    ),
    "The drums are absent, and the stereo image is wide.": "percussion absent|width wide",
    "The drums and percussion are absent; it is not driven by drums.": (
        "percussion absent|percussion absent|percussion absent"
    ),
    "The F# minor harmony has a minor feel.": "key F# minor|mode minor",
    "The key is considered major. A minor chord progression.": "mode major|mode minor",
    "No stereo separation. All sound comes from the centre. It is almost mono.": (
        "width mono|width mono|width narrow"
    ),
    "The instruments are panned to both sides; two flutes are panned to both sides.": (
        "width wide|instrument flute"
    ),
    "The tone is on the darker side, with a strong sense of energy.": (
        "brightness dark|energy energetic"
    ),
    "Density level: low. A high level of brightness. The average volume is high.": (
        "density sparse|brightness bright|loudness loud"
    ),
    "It moves between softer and louder passages. Dynamics: soft to loud.": (
        "dynamics varied|dynamics varied"
    ),
    "A medium-loud piece; drums play no part in it; the arrangement excludes percussion.": (
        "loudness medium|percussion absent|percussion absent"
    ),
    # what a picture is like is not the music's
    "The low volume suits the calmness of the picture.": "loudness quiet",
    # of a moment only
    "At first there are no drums. There are no bells in the intro.": "percussion present",
    "No voice until the end; it begins softly.": "vocals present",
    "The drums drop out after the intro.": "percussion present",
    # denials of other kinds
    "Slow it is not.": "pulse not slow",
    "It dispenses with drums; unaccompanied by percussion; the drummer is given the day off.": (
        "percussion absent|percussion absent|percussion absent"
    ),
    "Percussion-wise, there is nothing. Drums do not appear.": (
        "percussion absent|percussion absent"
    ),
    "The drums do not enter until the chorus.": "percussion present",
    "At no point does the music move quickly.": "pulse not fast",
    "Never heard anything so quiet.": "loudness quiet",
    # a list of moods
    "It sounds dark, energetic, suspenseful and exciting.": (
        "energy energetic|mood suspenseful|mood exciting"
    ),
    "A sinister, dark song.": "mood sinister",
    # what it might be used for, or is like
    "It could be used in a slow, sad scene.": "",
    "Like something you would hear at a loud festival.": "",
    # comparisons and asides claim nothing
    "Louder than it is bright.": "",
    "More dark than bright, and as loud as ever.": "",
    "As calm as a Sunday, and about as loud as a voice.": "energy calm|vocals present",
    "Few pieces are as loud as this; calm rather than energetic.": "loudness loud|energy calm",
    "So narrow that you might take it for mono; at a walking pace or less.": "width narrow",
    "Their last record was a loud, fast affair; you could drive to it slowly.": "",
    "Bright lights, soft rain, a wide range.": "",
    # the longest phrase counts
    "Soft rock, heavy metal, drum and bass.": "genre rock|genre heavy metal|genre drum and bass",
    "A narrow dynamic range.": "dynamics even",
    "A steady beat; metallic, louder, keyed up.": "",
}


@pytest.mark.parametrize(("caption", "claims"), CAPTIONS.items())
def test_captions(caption: str, claims: str) -> None:
    found = [f"{claim.attribute} {claim.value}" for claim in extract(caption)]
    assert found == [claim for claim in claims.split("|") if claim]


@pytest.mark.parametrize("caption", ["No drums and no bass, at 84 BPM.", "The volume is low."])
def test_letters_may_be_of_any_case_or_dressed_up(caption: str) -> None:
    claims = [(claim.attribute, claim.value) for claim in extract(caption)]
    for text in (caption.upper(), caption.title(), caption.replace("s", "\u017f")):
        assert [(claim.attribute, claim.value) for claim in extract(text)] == claims


def test_a_claim_holds_its_exact_words_and_those_that_deny_it() -> None:
    caption = "Soft, without any drums, at Eighty-Four beats a minute."
    assert [claim.text for claim in extract(caption)] == [
        "Soft",
        "without any drums",
        "Eighty-Four beats a minute",
    ]


@given(st.sampled_from(lexicon()), st.data())
def test_every_phrase_claims_what_its_entry_says(entry: Synonyms, data: st.DataObject) -> None:
    phrase = data.draw(st.sampled_from(entry.phrases))
    [claim] = extract(f"It is {phrase}, they say.")
    assert (claim.attribute, claim.value) == (entry.attribute, entry.value)
    assert claim.text == phrase


@given(st.integers(1, 299))
def test_tempos_in_digits_and_words_are_read_alike(bpm: int) -> None:
    assert [c.value for c in extract(f"It goes at {spoken(bpm)} beats a minute.")] == [str(bpm)]
    assert [c.value for c in extract(f"It goes at {bpm} bpm.")] == [str(bpm)]


@given(st.sampled_from(TONICS), st.sampled_from(["major", "minor"]))
def test_every_key_is_read_back(tonic: str, mode: str) -> None:
    for text in (f"It is in {tonic} {mode}.", f"It is in {tonic.replace('#', ' sharp')} {mode}."):
        assert [claim.value for claim in extract(text)] == [f"{tonic} {mode}"]


PHRASES = st.sampled_from([phrase for entry in lexicon() for phrase in entry.phrases])
PIECES = st.sampled_from(
    ["no", "not without", "nor", "than", "as", "A minor", "84 BPM", ",", "isn't"]
)
PROSE = st.lists(PHRASES | PIECES | st.text(max_size=4), max_size=12).map(" ".join)


@given(PROSE)
def test_claims_stand_in_the_text_and_in_its_order(text: str) -> None:
    start = 0
    for claim in extract(text):
        start = text.index(claim.text, start)
    assert extract(text) == extract(text)


def spoken(number: int) -> str:
    """A number from 1 to 299 in English words."""
    small = ("", *ONES, *TEENS)
    if number >= 100:
        rest = f" and {spoken(number % 100)}" if number % 100 else ""
        return f"{small[number // 100]} hundred{rest}"
    if number < 20:
        return small[number]
    return TENS[number // 10 - 2] + (f"-{small[number % 10]}" if number % 10 else "")
