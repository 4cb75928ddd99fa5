"""How many notes begin in a second."""

from typing import TYPE_CHECKING

from mmusset.measured import Measured

from .declaration import Border, Measurement, Scale, number_line
from .phrases import MEDIUM, Phrases, joined, stated

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Note onsets per second; notes that begin together are one."""
    from mmusset.dsp import onsets

    return onsets.onset_density(signal.onset_strength, signal.spectrum.hop_s)


DENSITY = Measurement(
    name="density",
    model=Measured,
    field="onset_density_hz",
    measure=_measure,
    # Onsets per second: quavers at 54 and at 114 BPM.
    scale=Scale(("sparse", "steady", "busy"), (Border(1.8, 0.3), Border(3.8, 0.4))),
    form="{:.1f} onsets/s",
    synonyms={
        "sparse": (
            *joined(
                "sparse|sparsely|low density|few notes|few onsets|notes are few|spare"
                "|thinly scored|uncluttered|sparsely scored|sparsely filled"
            ),
            *joined("room|space|gaps", "between", "notes|its notes|the notes"),
            *joined("sparing|thrifty", "with", "notes|its notes"),
            *joined("spares|sparing|rations|rationing", "its notes"),
            *("uncrowded", "pared down", "thinly filled", "short on notes", "light on notes"),
        ),
        "steady": (
            *joined(
                "steady stream of notes|steady flow of notes|even stream of notes"
                "|even flow of notes|notes come steadily|moderately busy|moderately dense"
                "|neither sparse nor busy|neither busy nor sparse|neither sparse nor dense"
                "|notes come steadily"
            ),
            *stated("density", MEDIUM),
            *joined("steady|moderate", "flow|stream|run|supply", "of notes"),
            *joined("in a", "steady|moderate", "flow|stream|run|supply"),
            *joined("moderate|middling", "number of notes"),
            "between sparse and busy",
        ),
        "busy": (
            *joined(
                "busy|busily|high density|dense|densely|many notes|packed with notes"
                "|full of notes|flurry of notes|crowded|note packed"
            ),
            *joined("plenty of|lots of|rich in|crammed with|thick with|crowd of", "notes"),
            *joined("teems|teeming|bristles|bristling|brims|brimming", "with notes"),
            *("bustling", "teeming", "tightly packed", "notes are plentiful", "notes crowd in"),
            "note filled",
        ),
    },
    phrases={
        "sparse": Phrases(
            adjective="{@rathersparse|spare|uncluttered|uncrowded|pared-down|sparsely filled"
            "|thinly filled}",
            predicate="@rather{sparse|spare|uncluttered}|uncrowded|pared down|{sparsely"
            "|thinly} filled|{sparing|thrifty} with {|its }notes|{short on|light on} notes",
            noun="{only a |}few notes|{room|space|gaps} between {the |its |}notes|a_ "
            "{sparse|spare} {texture|scatter of notes}",
            verb="{use|need|play}~ {only a |}few notes|leave~ {room|space|gaps} between "
            "{the |its |}notes|@stay {sparse|spare|uncluttered}|{get~ by|make~ do} with few "
            "notes|{spare|ration}~ its notes",
            clause="$its notes are few|few notes {are played|are heard}|there is {room"
            "|space} between {the |its |}notes|$its texture @is {sparse|spare|uncluttered}",
            adverbial="with {only a |}few notes|in {only a |}few notes|with {room|space"
            "|gaps} between {the |its |}notes",
        ),
        "steady": Phrases(
            adjective="moderately {busy|dense}",
            predicate="moderately {busy|dense}|neither sparse nor {busy|dense}|neither busy "
            "nor sparse|@medium in density|between sparse and busy",
            noun="a_ {steady|moderate} @flow of notes|a {moderate|middling} number of "
            "notes|@medium density",
            verb="{have|show}~ @medium density|{keep~ up|send~ out} a_ {steady"
            "|moderate} @flow of notes|stay~ moderately {busy|dense}|sit~ between sparse and "
            "busy",
            clause="$its notes come {steadily|in a_ {steady|moderate} @flow}|$its texture "
            "is neither sparse nor {busy|dense}|$it is neither busy nor sparse|$its density is "
            "@medium",
            adverbial="with a_ {steady|moderate} @flow of notes|at @medium density|with a "
            "moderate number of notes",
        ),
        "busy": Phrases(
            adjective="{@ratherbusy|dense|bustling|teeming|crowded|note-packed|note-filled"
            "|densely filled|tightly packed}",
            predicate="@rather{busy|dense|crowded|bustling}|{full of|packed with|crowded with"
            "|thick with|crammed with|rich in} notes|densely filled|tightly packed",
            noun="{many|plenty of|lots of} notes|a_ {busy|dense|crowded} {texture|@flow "
            "of notes}|a crowd of notes",
            verb="@stay {busy|dense|crowded}|{pack|crowd|fit}~ in {many|plenty of} notes"
            "|{bring|use|play}~ {many|plenty of|lots of} notes|{teem|bristle|brim}~ with notes",
            clause="$its notes are plentiful|{many|plenty of|lots of} notes {are played"
            "|are heard}|notes crowd in|$its texture @is {busy|dense|crowded}",
            adverbial="with {many|plenty of|lots of} notes|in a_ {busy|dense} texture",
        ),
    },
    contrasts=True,
    comparative=("busier", "busy"),
    prompt=", {{ music.onset_density_hz.value | round(1) }} onsets per second",
    line=number_line("onsets", "{:.1f} a second"),
)
