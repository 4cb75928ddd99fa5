"""What a score says of a clip, beside what was measured on its sound."""

from collections.abc import Mapping
from typing import Any, Literal

from .frozen import Frozen, Share
from .measured import Measured
from .measurements.key import KEY, MusicalKey
from .measurements.mode import MODE
from .measurements.percussion import PERCUSSION
from .measurements.tempo import TEMPO, Tempo

# How sure it is what is written of a sound that goes with it.
SURE = 0.98


class Score(Frozen):
    """What a MIDI or MusicXML file says of a clip; empty where it says nothing.

    `origin` is "beside" for a file beside the sound, "rendered" where the sound was made from it
    (by what, `rendered_by` says), "none" where there is no score, and "" where the recipe asks for
    none. It is `used` where it goes with the sound, by the `agreement` of both (a correlation);
    otherwise `why` says why not.

    `instruments` are those that are heard in the clip by the names of captions, the one that plays
    most first; `faint` play little. `all_named` means that nothing else plays that could be taken
    for another instrument.
    """

    origin: Literal["", "none", "beside", "rendered"] = ""
    used: bool = False
    why: str = ""
    agreement: float = 0.0
    bpm: float = 0.0
    key: str = ""
    key_alternative: str = ""
    key_probability: Share = 0.0
    mode_probability: Share = 0.0
    percussion: Literal["", "present", "absent"] = ""
    instruments: str = ""
    faint: str = ""
    all_named: bool = False
    rendered_by: str = ""

    @property
    def playing(self) -> tuple[str, ...]:
        """The instruments that are heard, the one that plays most first."""
        return tuple(self.instruments.split(", ")) if self.instruments else ()

    @property
    def playing_little(self) -> tuple[str, ...]:
        return tuple(self.faint.split(", ")) if self.faint else ()

    @property
    def settles(self) -> frozenset[str]:
        """The attributes that it settles, in place of what was measured."""
        if not self.used:
            return frozenset()
        is_known = {
            TEMPO.name: self.bpm > 0,
            KEY.name: bool(self.key),
            MODE.name: bool(self.key),
            PERCUSSION.name: bool(self.percussion),
        }
        return frozenset(name for name, known in is_known.items() if known)

    def values(self) -> Mapping[str, Any]:
        """What it settles, as measurements would have it: values by their field."""
        found: dict[str, Any] = {}
        if TEMPO.name in self.settles:
            found[TEMPO.field] = Tempo(
                bpm=self.bpm, half_bpm=self.bpm / 2, double_bpm=self.bpm * 2, confidence=SURE
            )
        if KEY.name in self.settles:
            tonic, mode = self.key.split()
            found[KEY.field] = MusicalKey.model_validate(
                {
                    "tonic": tonic,
                    "mode": mode,
                    "alternative": self.key_alternative,
                    "confidence": self.key_probability,
                    "mode_confidence": self.mode_probability,
                }
            )
        if PERCUSSION.name in self.settles:
            value = float(self.percussion == "present")
            found[PERCUSSION.field] = Measured(value=value, confidence=SURE)
        return found


UNASKED = Score()
NO_SCORE = Score(origin="none")
