"""Whether a listener hears: what its answers to sounds that are known tell.

Servers that ignore sound are common, and answer all the same. Three signs give them away: sound
that adds no token to the prompt; the same answer to silence, noise, drums and a chord; and answers
that agree with what is in a clip no better than answers to another clip do. And one that hears
other things in the clips of its card than it did when it was calibrated is not the listener that
the card is of, whatever its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmusset.ears.calibration import agreement

# How alike a listener's answers are to those that it gave to the same clips before: a server
# computes them a little otherwise each time.
LEAST_SAME = 0.7


@dataclass(frozen=True, slots=True)
class ProbeSound:
    """A clip whose truth is known: the labels of what is in it, of what is not, and of what the
    listener heard in it when it was calibrated."""

    wav: bytes
    there: frozenset[str]
    absent: frozenset[str]
    heard: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server made of a sound: the labels that it hears, None where its answer was of no
    use, for the `fault`. Tokens are 0 where it counts none."""

    prompt_tokens: int
    heard: frozenset[str] | None
    fault: str = ""


def why_deaf(
    mute_tokens: int,
    known: Mapping[str, Answer],
    probes: Sequence[ProbeSound],
    probed: Sequence[Answer],
) -> str:
    """Why a server can't be taken to hear, "" where it can.

    `mute_tokens` are those of the prompt without a sound, `known` the answers to sounds that
    nobody takes for one another, `probed` those to `probes`, which are clips of its card.
    """
    for name, answer in known.items():
        if answer.heard is None:
            return f"its answer to {name} is of no use ({answer.fault})"
        if 0 < answer.prompt_tokens <= mute_tokens:
            return (
                f"its prompt has {answer.prompt_tokens} tokens with {name}, and {mute_tokens}"
                " without any sound"
            )
    if len({answer.heard for answer in known.values()}) == 1:
        return f"it says the same of {_listed(known)}"
    return _agrees_with_all(known, probes, probed)


def _agrees_with_all(
    known: Mapping[str, Answer], probes: Sequence[ProbeSound], probed: Sequence[Answer]
) -> str:
    """Whether its answer to a clip is no nearer to what is in it than its answers to others are.

    The null rate is the best that silence, noise or the other clips reach.
    """
    if not probes:
        return ""
    right = _mean([_agrees(answer, probe) for answer, probe in zip(probed, probes, strict=True)])
    null = {
        "silence": _mean([_agrees(known["silence"], probe) for probe in probes]),
        "noise": _mean([_agrees(known["noise"], probe) for probe in probes]),
        "another clip": _mean(
            [
                _agrees(answer, probe)
                for place, probe in enumerate(probes)
                for other, answer in enumerate(probed)
                if other != place
            ]
        ),
    }
    worst = max(null, key=lambda name: null[name])
    if right > null[worst]:
        return _is_another(probes, probed)
    return (
        f"what it says agrees with the clip that it was sent by {right:.2f}, and by"
        f" {null[worst]:.2f} when it was sent {worst}"
    )


def _is_another(probes: Sequence[ProbeSound], probed: Sequence[Answer]) -> str:
    """Whether it hears other things than it did when it was calibrated."""
    same = _mean(
        [
            agreement(answer.heard or (), probe.heard, answer.heard or ())
            for answer, probe in zip(probed, probes, strict=True)
        ]
    )
    if same >= LEAST_SAME:
        return ""
    return (
        f"what it hears in the clips of its card agrees by {same:.2f} with what it heard when it"
        " was calibrated; run `mmusset ears calibrate listener` again if it is another model now"
    )


def _agrees(answer: Answer, probe: ProbeSound) -> float:
    return agreement(answer.heard or (), probe.there, probe.absent)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _listed(known: Mapping[str, Answer]) -> str:
    *first, last = known
    return f"{', '.join(first)} and {last}"
