"""The offline story writer: what a person might tell of a picture's light and colours.

It knows no objects, only measures, so it names none. Feelings are imagined, and follow
the picture's light and how calm or lively the clip was found. No term of music is used.
"""

from collections.abc import Sequence
from random import Random

from mmusset.sample import Claim, ImageEvidence, Measured

from .expand import expand

LEAST_WORDS, MOST_WORDS = 62, 108
# A measure of a picture is low up to here, high from here; in between it is told of neither way.
LOW, HIGH = 0.36, 0.62

_SEE = "(you see|you find|there is|you come to|the eye finds|somebody would find)"
_PLACE = "(place|corner|view|spot|stretch of world|moment)"
_STAY = "(stays|lingers|waits|remains|rests)"

LIGHT = {
    "low": (
        "(Most|Nearly all|Much) of this {place} (lies|rests|waits) in (shade|shadow|half-dark),"
        " (and the rest|and what is left) (comes forward only slowly|has to be looked for).",
        "(It is|It must be|It seems) (late|after dusk|one of the last hours of the day),"
        " and the light has (nearly gone|drawn back|thinned to almost nothing).",
        "There is (little|not much|hardly any) light (here|left), (just enough|only enough)"
        " to (tell|know) one shape from (another|the next).",
        "(Somebody|An unseen hand|The evening) has (turned the day down|put the day out|drawn a"
        " curtain), and the {place} (lies|stays|keeps) dim.",
        "Your eyes need (a while|a moment|some time) before the dark (gives anything up|opens|lets"
        " you in).",
    ),
    "middle": (
        "The light is (even and undecided|neither early nor late|mild), the (kind|sort) that"
        " (asks for nothing|could belong to any hour|makes people stop and look).",
        "It could be (morning or afternoon|any hour of an ordinary day|an hour that nobody"
        " counts); the light (does not say|keeps it to itself|gives no sign).",
        "Half in light and half in shade, this {place} (keeps its balance|takes its own"
        " time|lets you come closer).",
        "A (mild|patient|plain|soft) light (covers|fills|holds) the whole {place}.",
        "Nothing here is (too bright or too dim|hidden, and nothing dazzles), so the eye (walks"
        " about|wanders|goes where it likes).",
    ),
    "high": (
        "Light (fills|floods|washes over) the whole {place} (from edge to edge|as if a door stood"
        " open|until hardly a shadow is left).",
        "(Everything|All of it) is (open|pale|clear) and (full of day|lit from every side|bright"
        " to the very edges).",
        "It is the (brightest|clearest|widest) part of the day, and nothing (hides|is held back"
        "|keeps to the shade).",
        "You (almost|nearly) have to (narrow your eyes|shade your eyes|look away), so much light"
        " (comes|pours|falls) in.",
        "(Day|Daylight|The light) has (come in everywhere|the place to itself|won here).",
    ),
}
COLOURS = (
    "{C1} (spreads|runs|reaches|stretches) (over|across|through) the (widest|largest|greatest)"
    " part, with {c2} (beside it|close by|along one side|not far off).",
    "(First|At first|Before anything else) (comes|there is) {c1}, (then|and after it|and next to"
    " it) {c2}, (like two neighbours who get on|as though one had called the other|and neither"
    " gives way).",
    "{see} (mostly|above all|before all) {c1}, and (here and there|now and then|in places) a"
    " (touch|patch|breath|trace) of {c2}.",
    "The {c1} (goes on and on|has been here longest|does most of the talking), and the {c2}"
    " (answers it|leans against it|keeps it company).",
    "Between {c1} and {c2} the eye (goes back and forth|cannot choose|finds its way).",
    "{C2} (lies|sits|settles) (against|over|upon) {c1} (like a blanket|as if it had always been"
    " there|without any fuss).",
    "Where the {c1} ends, the {c2} begins, (and the border is worth a second look|and nobody could"
    " say just where).",
)
THIRD = (
    "A little {c3} (holds out|shows itself|waits) (at the edge|in a corner|where you least"
    " expect it).",
    "Somewhere in between, {c3} (keeps to itself|makes a small place of its own|glows without"
    " asking for notice).",
    "And then there is the {c3}, (small but sure of itself|not much of it, but enough|which"
    " changes everything around it).",
    "Only the {c3} (breaks ranks|has other plans|will not join in).",
    "",
    "",
)
TEXTURE = {
    "low": (
        "(Large|Wide|Broad) (plain|empty|quiet) (fields|spaces|surfaces) leave (room|plenty of"
        " room) to (think|breathe|let the eyes rest).",
        "There is (next to nothing|hardly anything) to (trip over|count|catch on), only (space"
        "|room|open ground).",
        "The {place} is (plain|empty|simple) in the best (way|sense): nothing (is in the way|asks"
        " to be explained).",
    ),
    "middle": (
        "There is (enough|just enough) to look at, and (no more|nothing too much).",
        "Shapes (gather|collect|meet) in one part and (thin out|let go|leave off) in another.",
        "",
    ),
    "high": (
        "(Small|Fine|Countless) (shapes|details|edges) (crowd in|press close|jostle) (wherever you"
        " look|on every side|right up to the border).",
        "(Every|Each) (hand's breadth|inch|corner) (holds|has) something (of its own|else|new),"
        " (and you lose count|and the eye never runs out).",
        "It is (a busy|a crowded|an untidy) {place}, (full of corners|with something going on"
        " everywhere|where things pile up on things).",
    ),
}
CONTRAST = {
    "low": (
        "(Edges|Outlines|Borders) (melt|blur|give way), (as in a mist|as things do when you are"
        " half asleep|like a memory a few years old).",
        "Nothing stands out (sharply|hard) (against|from) anything else; it is all (one breath|of"
        " one piece|close kin).",
        "",
    ),
    "middle": ("", ""),
    "high": (
        "Bright (parts|places) and dark ones (stand|meet) (side by side|face to face|edge to edge),"
        " (and neither gives an inch|like words and silence|as if cut with scissors).",
        "The (edges|outlines|borders) are (sharp|clean|firm), (so that nothing can be mistaken|and"
        " the dark parts look very dark).",
        "Light and dark (have divided it between them|keep well apart|hold their ground).",
    ),
}
WARMTH = {
    "low": (
        "The air (would|must) be (cool|cold|fresh), (the kind that wakes you|and you would want"
        " a coat|with a breath of water in it).",
        "(There is a chill in it|It has a coolness), (though not an unkind one|like the far side"
        " of a pillow|like early hours).",
        "",
    ),
    "middle": ("", ""),
    "high": (
        "(A warmth|Something warm) comes off it, (as from a wall after a long day of sun|like a"
        " kitchen when you come in|the way embers keep theirs).",
        "You could (almost|nearly) (warm your hands|dry a coat|fall asleep) (in front of|near) it.",
        "",
    ),
}
SATURATION = {
    "low": (
        "The colours are (worn thin|faded|muted), (like cloth washed many times|like letters kept"
        " in a drawer|as if they had been left in the rain).",
        "",
    ),
    "middle": ("", ""),
    "high": (
        "The colours are (deep|full|strong), (as if they had been laid on this morning|as children"
        " would choose them|and they know it).",
        "",
    ),
}
FEELING = {
    "calm": (
        "(Nobody|No one) is in a hurry here; you could (stay|stand|sit) (a long while|until it"
        " changed|for an hour) and (miss nothing|want nothing).",
        "It makes you (breathe out|speak lower|slow your steps), (and you notice it only later"
        "|without quite knowing why).",
        "Whatever was (urgent|pressing|so important) (an hour ago|this morning|before) (can"
        " wait|has lost its edge|seems far off).",
        "A (stillness|calm|hush) (has settled|lies over it|holds it together), (and it would be a"
        " pity to break it|and it asks you in).",
    ),
    "moderate": (
        "(Someone|Somebody) might (come round the corner|walk in|call a name) (at any moment|any"
        " time now), (or not at all|and that would be all right).",
        "It is the sort of {place} you (pass every day|think you know) and then (one day|suddenly)"
        " (see|look at properly).",
        "You (think of|remember) (a journey|an afternoon|somebody you have not seen for years),"
        " (and it is neither sad nor glad|and it stays with you a while).",
        "There is (something to do|a day to get on with), but it (can|will) (keep|wait) a little.",
    ),
    "energetic": (
        "(Something|Something or other) is (about to start|on its way|under way), and you (want to"
        " be there|would not miss it|feel it in your feet).",
        "It makes you want to (run|set off|throw a window open), (just to see what is behind it"
        "|and not look back|before the moment is gone).",
        "Nothing (sits still|wants to wait|holds back) (for long|here), (least of all you|and why"
        " should it).",
        "There is a (push|pull|spark) in it, (like the minute before a race|like children let out"
        " of school|as if it could not wait to be looked at).",
    ),
    "": (
        "What it (means|is for) is (left|up) to you.",
        "You (bring|make up) the rest (yourself|on your own), (as one does|as always).",
        "It (could be|might be) the (first|last) page of something, (if only one knew which"
        "|and either would do).",
        "You look, and look again, (and it is not quite the same|and find you have come closer).",
    ),
}
CLOSING = (
    "(Look long enough|Give it time|Wait a little), and it (starts to look back|seems to move"
    "|tells you more).",
    "(Later|Tomorrow|Years from now) (you will remember|what comes back to you will be) the"
    " {c1}, (and little else|before anything else|and where you stood).",
    "(That is all|That is the whole of it), and it (is enough|is plenty|does).",
    "(One step|Just one step) (further|closer), and (you would be part of it|it would be"
    " another {place}).",
    "You (turn to go|mean to leave), and (do not|stay after all|look back once).",
    "The {c2} {stay} (with you|behind the eyes) (after you look away|for a while|longest).",
    "(And so it is left|And there it stays|And so it goes on), (as it was|just so|without a word).",
    "If (someone|anyone) asked what (happened here|it was like), you would (begin|start) with the"
    " {c1} (and see how far you got|and run out of words).",
)


def story(image: ImageEvidence, sayable: Sequence[Claim], random: Random) -> str:
    """A story of 62 to 108 words on a picture's measures and the clip's energy."""
    energy = next((c.value for c in sayable if c.attribute == "energy"), "")
    light = _tell(LIGHT[_band(image.brightness)], image, random)
    colours = [_tell(COLOURS, image, random)]
    if len(image.palette) > 2:
        colours.append(_tell(THIRD, image, random))
    middle = [
        _tell(patterns[_band(measure)], image, random)
        for patterns, measure in (
            (TEXTURE, image.busyness),
            (CONTRAST, image.contrast),
            (WARMTH, image.warmth),
            (SATURATION, image.saturation),
        )
    ]
    random.shuffle(middle)
    opening = [light, " ".join(colours).strip()]
    random.shuffle(opening)
    feeling = _tell(FEELING[energy], image, random)
    told = [s for s in (*opening, *middle, feeling) if s]
    return _to_length(told, image, random)


def more(text: str, image: ImageEvidence, least_words: int, random: Random) -> str:
    """The text with sentences of the grammar's own after it, until it has `least_words`."""
    spare = [*CLOSING, *FEELING[""]]
    random.shuffle(spare)
    while len(text.split()) < least_words and spare:
        text = f"{text} {_tell((spare.pop(),), image, random)}".strip()
    return text


def _to_length(told: list[str], image: ImageEvidence, random: Random) -> str:
    """Closing sentences until there are words enough, middle ones dropped if there are too many."""
    closings = list(CLOSING)
    random.shuffle(closings)
    told.append(_tell((closings.pop(),), image, random))
    while _words(told) < LEAST_WORDS:
        told.append(_tell((closings.pop(),), image, random))
    while _words(told) > MOST_WORDS:
        del told[2]
    return " ".join(told)


def _words(sentences: list[str]) -> int:
    return sum(len(sentence.split()) for sentence in sentences)


def _band(measure: Measured) -> str:
    if measure.value <= LOW:
        return "low"
    return "high" if measure.value >= HIGH else "middle"


def _tell(patterns: Sequence[str], image: ImageEvidence, random: Random) -> str:
    names = [colour.name for colour in image.palette]
    # A picture of one or two colours has them stand in for the others.
    first, second, third = (names * 3)[:3]
    pattern = random.choice(patterns)
    for name, value in {
        "{place}": _PLACE,
        "{see}": _SEE,
        "{stay}": _STAY,
        "{c1}": first,
        "{c2}": second,
        "{c3}": third,
        "{C1}": first.capitalize(),
        "{C2}": second.capitalize(),
    }.items():
        pattern = pattern.replace(name, value)
    text = expand(pattern, random)
    return text[:1].upper() + text[1:]
