"""How wide a clip stands between the ears."""

from typing import TYPE_CHECKING

from mmusset import calibrated
from mmusset.measured import Measured

from .declaration import Measurement, Scale, borders, number_line
from .phrases import joined
from .said import Amount, Trait

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Share of the side signal: 0 mono, 0.5 unrelated channels, 1 opposed."""
    return signal.width


_PLACED = (
    "(?:placed|confined|panned|positioned|concentrated|focused|located|kept|mixed|is|sits?|stays?"
    "|comes?)"
)
_FULLY = r"(?<!moderately[-\s])"  # "moderately wide" is neither
_MIDDLE = "(?:cent(?:er|re)|middle)"
_FAR = "(?:widely|wide|broadly|far|hard)"
_SIDES = (
    "(?:(?:both|either|opposite) (?:sides?|ears|speakers|channels)|the (?:far )?left and"
    "(?: the)?(?: far)? right|left and right)"
)

WIDTH = Measurement(
    name="width",
    model=Measured,
    field="stereo_width",
    measure=_measure,
    # Share of the side signal; a lossy codec gives a mono piece a little side of its own.
    scale=Scale(
        ("mono", "narrow", "wide"), borders((0.02, 0.3), (0.01, 0.08), calibrated.WIDTH_ERRORS)
    ),
    form="width {:.2f}",
    synonyms={
        "mono": (
            *joined("mono|in mono|single channel|monaural"),
            "one channel",
            *joined(
                "no difference between the|no difference between",
                "channels|two channels"
                "|left and right|left and right channels|left and the right channel",
            ),
        ),
        "narrow": (
            *joined(
                "narrow|narrow stereo|narrow stereo field|narrow stereo image|narrow in stereo"
                "|near the centre|near the center|close to the centre|close to the center"
                "|stereo field is narrow|stereo image is narrow|nearly the same sound"
            ),
            *("narrowly spread", "spreads narrowly", "spreading narrowly"),
            *joined("mostly", "centered|centred"),
            *joined("almost|nearly|close to|not quite", "mono"),
        ),
        "wide": (
            *joined(
                "wide|spread wide|wide stereo|wide stereo field|wide stereo image|wide in stereo"
                "|spread across the stereo field|spread wide across the stereo field"
                "|across the whole stereo field|broad stereo field|broad stereo image"
                "|stereo field is wide|stereo image is wide|spread wide from left to right"
                "|spread wide between the speakers"
            ),
            *joined("broad", "stereo|stereo field|stereo image|stereo spread"),
            *joined("stereo field|stereo image|stereo spread", "is|stays", "broad"),
            "broad in stereo",
            *joined("plenty of", "width|stereo width"),
            *joined("widely|broadly|hard", "spread|panned"),
            *joined("full|whole|entire", "stereo", "field|image|panorama|space|spectrum|stage"),
        ),
        "not wide": (*joined("little", "width|stereo width"),),
        "not mono": (
            "in stereo",
            *joined("moderately", "wide|narrow", "|stereo|stereo image|stereo field|stereo spread"),
        ),
    },
    said=(
        Trait(
            "stereo (?:image|field|spread|picture|width|stage|panorama|separation)|stereo"
            "|soundstage|sound stage|stereo sound stage|panorama",
            {
                "mono": "mono",
                "narrow": rf"{_FULLY}(?:narrow|slim|small|slight|tight|limited|thin"
                "|restricted)",
                "wide": rf"{_FULLY}(?:wide|broad|expansive|large|spacious|huge|vast|generous"
                "|enormous)",
            },
        ),
        Amount(
            "stereo(?: (?:width|spread|separation|image|field|effect|panning|imaging))?",
            much="wide",
            little="not wide",
            none="mono",
        ),
        Trait(
            "left and right|(?:both|two) channels|channels",
            {
                "mono": "identical|the same|alike",
                "narrow": "close together",
                "wide": "far apart|(?:well|widely) separated",
            },
            verbs={
                "mono": "identical|(?:carry|carries|contain|have|play|share)(?: exactly)? the same"
                "|match|(?:do not|don['’]t) differ"
            },
        ),
        Trait(
            "left channel|right channel",
            verbs={"mono": "(?:is )?(?:identical to|the same as) the (?:right|left)"},
        ),
        Trait(
            "panning|separation",
            {"narrow": "narrow|tight", "wide": "wide|broad|extreme|hard"},
        ),
        # A part that is on both sides need not be far from the middle; all the music is wide then.
        Trait(
            r"everything|(?<=the[-\s])(?:instruments|instrumentation|sounds|mix|music|elements)",
            verbs={
                "wide": r"(?<!slightly[-\s])(?<!gently[-\s])(?<!subtly[-\s])"
                rf"(?:panned|spread|spreads)(?: out)? (?:to|on|at|across|between) {_SIDES}"
            },
        ),
        Trait(
            "everything|all (?:of )?(?:the )?(?:sounds?|instruments|parts|elements)",
            verbs={"mono": rf"(?:{_PLACED} )?(?:in|from|at|to) the (?:very |dead )?{_MIDDLE}"},
        ),
        Trait(
            "sounds?|mix|audio|signal|music|instruments?",
            verbs={"mono": rf"(?:comes |coming )?(?:only )?from the {_MIDDLE} (?:only|alone)"},
        ),
        Trait(
            "sounds?|mix|instruments|elements|stereo image|energy",
            verbs={
                "not wide": "cent(?:er|r)ed",
                "narrow": r"mostly cent(?:er|r)ed"
                rf"|(?:mostly )?{_PLACED} (?:in|at|to|around|near|close to|towards?) the {_MIDDLE}",
            },
        ),
        Trait("mix|spread|soundscape", {"narrow": "narrow", "wide": "wide|broad|expansive"}),
        Trait(
            "recording|audio|signal|sound|channels?|mix|track|record",
            {"mono": "mono|monophonic|monaural"},
        ),
        Trait(
            "panned|spread|spreads(?: out)?|scattered|flung|distributed|placed|positioned|spaced"
            "|stretch(?:es|ing)?|extends?|extending|reaches",
            verbs={
                "wide": rf"(?:{_FAR} )?(?:(?:across|over|throughout) the"
                "(?: whole| entire| full| wide)? stereo"
                " (?:field|image|space|spectrum|panorama|stage)"
                "|from (?:the )?(?:left to (?:the )?right|one side to the other|side to side"
                rf"|ear to ear))|{_FAR}(?: (?:to|on|across|between) {_SIDES})?",
                "not mono": f"(?:to|on|at|across|between) {_SIDES}",
            },
        ),
    ),
    notable=frozenset({"mono", "wide"}),
    rank=62,
    prompt=", stereo width {{ music.stereo_width.value | round(2) }}",
    line=number_line("stereo width", "{:.2f} of 1"),
)
