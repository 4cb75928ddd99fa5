"""How loud a clip is, over all of it."""

from typing import TYPE_CHECKING

from mmusset import calibrated
from mmusset.measured import Measured

from .declaration import Measurement, Scale, borders, number_histogram, number_line
from .phrases import LEVELS, MEDIUM, joined, stated

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
    scale=Scale(
        ("quiet", "medium", "loud"), borders((-24.0, -15.0), (1.5, 1.5), calibrated.LOUDNESS_ERRORS)
    ),
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
    notable=frozenset({"quiet", "loud"}),
    rank=60,
    prompt="loudness {{ music.loudness_lufs.value | round(1) }} LUFS",
    line=number_line("loudness", "{:.1f} LUFS"),
    histogram=number_histogram("loudness", "Loudness", "LUFS", range(-48, 0, 3)),
)
