"""The ears of a dataset where no build has opened them: as they were when it was begun."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mmusset.ears.calibration import worth_as_counted
from mmusset.ears.declaration import Ear
from mmusset.ears.listed import EARS
from mmusset.ears.worth import LabelWorth
from mmusset.frozen import Frozen

from .ledger.job import JobFacts

_LISTING = threading.Lock()  # pages are asked for several at a time


class NotedEar(Frozen):
    """What an ear's card and its model say of it; its labels and their tags are the code's."""

    version: str
    licences: tuple[str, ...]
    calibrated_on: str
    worth: tuple[LabelWorth, ...]


def noted(ear: Ear) -> str:
    """What a ledger keeps of an ear."""
    return NotedEar(
        version=ear.version,
        licences=ear.licences,
        calibrated_on=ear.calibrated_on,
        worth=ear.worth,
    ).model_dump_json()


@contextmanager
def listed(job: JobFacts) -> Iterator[None]:
    """For a while, list a dataset's ears as they were noted."""
    known = {name: NotedEar.model_validate_json(text) for name, text in job.noted.items()}
    ears = [_as_noted(ear, known[ear.name]) for ear in EARS if ear.name in known]
    with _LISTING, EARS.in_place(ears):
        yield


def _as_noted(ear: Ear, known: NotedEar) -> Ear:
    counted = worth_as_counted(ear, known.worth) if known.worth else ear
    return replace(
        counted,
        version=known.version,
        licences=known.licences,
        calibrated_on=known.calibrated_on,
    )
