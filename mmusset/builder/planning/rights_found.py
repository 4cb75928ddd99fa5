"""The files of rights of a source, by the folders that they speak for."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mmusset.builder.ledger.ledger import Ledger
from mmusset.sources.rights import RightsFile, folder_of
from mmusset.sources.source import Entry

from .surveys import Surveys


@dataclass(frozen=True, slots=True)
class RightsBeside:
    """What files say that may speak for some entries, by their paths; and those that could not be
    read: what they speak for waits for them."""

    said: dict[bytes, RightsFile] = field(default_factory=dict)
    closed: list[bytes] = field(default_factory=list)


class RightsFound:
    """All files of rights, which a source has few of."""

    def __init__(self, entries: Iterable[Entry], surveys: Surveys, ledger: Ledger) -> None:
        self._by_folder: dict[bytes, RightsBeside] = {}
        for entry in entries:
            beside = self._by_folder.setdefault(folder_of(entry.path), RightsBeside())
            if survey := surveys.read([entry], ledger).get(entry.path):
                beside.said[entry.path] = survey.rights
            elif entry.path in surveys.unread:
                beside.closed.append(entry.path)

    def beside(self, entries: Iterable[Entry]) -> RightsBeside:
        """The files that may speak for some of these entries: in their folders and above."""
        folders = {b""} | {_above(entry.path) for entry in entries}
        above = set[bytes]()
        while folders:
            above |= folders
            folders = {_above(folder) for folder in folders} - above
        found = RightsBeside()
        for folder in sorted(above & self._by_folder.keys()):
            found.said.update(self._by_folder[folder].said)
            found.closed.extend(self._by_folder[folder].closed)
        return found


def _above(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]
