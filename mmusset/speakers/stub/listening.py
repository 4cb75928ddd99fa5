"""What the stub server hears: as a listener that knows, or as one that should be found out."""

from base64 import b64decode
from collections.abc import Collection, Iterator

from mmusset.ears.listener import LISTENER, Hearing, hearing_of
from mmusset.ears.sounds import KNOWN_TRUTHS, known_sounds, sha256_of

from .plan import StubPlan


def hearing(sound: str, plan: StubPlan) -> Hearing:
    """What a listener of this plan hears in a WAV, given in base64."""
    there = _truth(sound, plan)
    if plan.listening == "always yes":
        return hearing_of([label.name for label in LISTENER.labels])
    if plan.listening == "liar":
        return hearing_of(tuple(_lies(there)))
    return hearing_of(there if plan.listening == "honest" else ["piano"])


def _truth(sound: str, plan: StubPlan) -> tuple[str, ...]:
    """The labels of what is in a sound: those of the plan, or of a sound that all know."""
    sha256 = sha256_of(b64decode(sound))
    known = {sha256_of(wav): KNOWN_TRUTHS.get(name, ()) for name, wav in known_sounds().items()}
    return plan.sounds.get(sha256, known.get(sha256, ()))


def _lies(there: Collection[str]) -> Iterator[str]:
    """The voices and drums that there are, and of all else the next in its list."""
    for label in LISTENER.labels:
        if label.name not in there:
            continue
        alike = [each.name for each in LISTENER.labels if each.attribute == label.attribute]
        after = alike[(alike.index(label.name) + 1) % len(alike)]
        yield label.name if label.attribute in ("vocals", "percussion") else after
