"""How loud a clip is, over all of it."""

from typing import TYPE_CHECKING

from mmusset.measured import Measured

from .declaration import Border, Measurement, Scale, number_histogram, number_line
from .phrases import LEVELS, MEDIUM, Phrases, joined, stated

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Integrated loudness (ITU-R BS.1770); -70 LUFS at the least."""
    from mmusset.dsp import loudness

    return loudness.integrated(signal.blocks_lufs)


LOUDNESS = Measurement(
    name="loudness",
    model=Measured,
    field="loudness_lufs",
    measure=_measure,
    # LUFS. Broadcasts aim at -23 (EBU R 128), streaming turns down what is over about -14.
    scale=Scale(("quiet", "medium", "loud"), (Border(-24.0, 1.5), Border(-15.0, 1.5))),
    form="{:.1f} LUFS",
    synonyms={
        "quiet": (
            *joined(
                "quiet|quietly|soft|softly|hushed|faint|faintly|low in volume|low volume"
                "|low in level|volume is low|level is low|pianissimo"
            ),
            *stated(LEVELS, "low|down|modest|subdued"),
            "subdued",
            "down in volume",
        ),
        "medium": (
            *joined(
                "medium volume|moderate volume|moderate in loudness|moderate loudness"
                "|medium level|moderate level|moderate in level|moderate in volume"
                "|moderately loud|average loudness|middling volume|neither loud nor quiet"
                "|neither quiet nor loud|neither loud nor soft|neither soft nor loud|mezzo forte"
                "|mezzo piano"
            ),
            *stated(LEVELS, f"{MEDIUM}|average|mid"),
            *joined("between", "quiet|soft", "and loud"),
        ),
        "loud": (
            *joined(
                "loud|loudly|thunderous|deafening|booming|blaring|high in volume|high volume"
                "|full volume|volume is high|level is high|fortissimo|forte"
            ),
            *stated(LEVELS, "high|up|strong"),
            *joined("plenty of|a lot of", "volume"),
        ),
    },
    phrases={
        "quiet": Phrases(
            adjective="{@ratherquiet|soft|hushed|subdued|low-volume|low-level|soft-sounding"
            "|quiet-sounding|softly played|quietly played}",
            predicate="@rather{quiet|soft|hushed|subdued}|{low|soft|quiet|modest|subdued} in "
            "@level|{softly|quietly} played|{kept|held} {quiet|soft|hushed|down in volume}",
            noun="a_ @soft @level|a_ @level {kept|held} low",
            verb="@stay {quiet|soft|hushed|low in @level}|play~ {softly|quietly}|{keep"
            "|hold}~ its @level {low|down}|{pass|go}~ by {softly|quietly}",
            clause="$its @level {is|stays|remains|sits} {low|soft|down}|{everything|all} "
            "{is|stays|remains} {quiet|soft|hushed|subdued}|$it plays {softly|quietly}",
            adverbial="at a_ @soft @level|at low volume",
        ),
        "medium": Phrases(
            adjective="{moderately loud|medium-volume|mid-volume|medium-level}",
            predicate="@medium in {volume|level|loudness}|moderately loud|of {average"
            "|@medium} {volume|loudness}|neither loud nor {quiet|soft}|neither {quiet|soft} "
            "nor loud|between quiet and loud",
            noun="a_ {average|@medium} {volume|level|loudness}",
            verb="{stay|keep|sit|hold|play}~ at a_ @medium @level|{keep|hold}~ {to |}a_ "
            "{average|@medium} {volume|level|loudness}|stay~ moderately loud|sit~ between "
            "quiet and loud",
            clause="$its {volume|level|loudness} @is {average|@medium}|$it is neither "
            "loud nor {quiet|soft}|$it is neither {quiet|soft} nor loud",
            adverbial="at a_ {average|@medium} @level|at {average|@medium} {volume|loudness}",
        ),
        "loud": Phrases(
            adjective="{@ratherloud|high-volume|high-level|loudly played|loud-sounding}",
            predicate="@rather{loud}|{high|loud|strong} in @level|loudly played|played {loud"
            "|loudly|at high volume}",
            noun="a_ {high|loud|strong} @level|{plenty|a lot} of volume|a_ @level {kept|held} high",
            verb="@stay {loud|high in @level}|{play|sound|ring}~ {loud|out loud|loudly}"
            "|{keep|hold}~ its @level {high|up}|come~ across {loud|as loud}",
            clause="$its @level {is|stays|remains|sits|runs} {high|up}|everything @is loud"
            "|$it {plays|sounds|comes across} loud",
            adverbial="at a_ {high|loud} @level|at high volume",
        ),
    },
    contrasts=True,
    comparative=("louder", "loud"),
    prompt="loudness {{ music.loudness_lufs.value | round(1) }} LUFS",
    line=number_line("loudness", "{:.1f} LUFS"),
    histogram=number_histogram("loudness", "Loudness", "LUFS", range(-48, 0, 3)),
)
