"""Whether drums play."""

from typing import TYPE_CHECKING

from mmusset.measured import Measured

from .declaration import Border, Measurement, Scale, number_line
from .phrases import joined

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Likelihood of drums, 0 (none) to 1."""
    from mmusset.dsp import onsets, percussion

    attacks = onsets.attack_share(signal.onset_strength)
    return percussion.percussiveness(signal.spectrum, signal.mel_power, attacks)


PERCUSSION = Measurement(
    name="percussion",
    model=Measured,
    gate=0.50,
    field="percussiveness",
    measure=_measure,
    scale=Scale(("absent", "present"), (Border(0.5, 0.15),)),
    form="percussiveness {:.2f}",
    synonyms={
        "present": (
            *joined(
                "drum|drums|drum kit|drum set|drum beat|drumbeat|drum beats|drumming|drummer"
                "|drum machine|percussion|percussive|percussionist|backbeat"
            ),
        ),
        "absent": (*joined("drumless|beatless|unpercussive"),),
    },
    thing=True,
    rank=10,
    prompt="percussiveness {{ music.percussiveness.value | round(2) }}",
    line=number_line("percussiveness", "{:.2f} of 1"),
)
