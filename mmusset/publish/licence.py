"""The licence that a dataset's owner decides on, as its card's front matter holds it."""

import re
from dataclasses import dataclass
from typing import Any

from mmusset.errors import UsageError

LICENCE_ID = re.compile(r"[a-z0-9][a-z0-9.+-]*")


@dataclass(frozen=True, slots=True)
class Licence:
    """The owner's decision. `id` is one that the Hub knows; `name` and `link` tell an "other".

    Raises UsageError where they don't fit together.
    """

    id: str
    name: str = ""
    link: str = ""

    def __post_init__(self) -> None:
        if not LICENCE_ID.fullmatch(self.id):
            raise UsageError(
                f"no licence is called {self.id!r}: give the Hub's name of one, such as"
                " cc-by-4.0, cc0-1.0 or other"
            )
        if (self.id == "other") != bool(self.name):
            raise UsageError("--license other needs --license-name, and no other licence has one")

    def front(self) -> dict[str, str]:
        """Its keys in a card's front matter."""
        keys = {"license": self.id, "license_name": self.name, "license_link": self.link}
        return {key: value for key, value in keys.items() if value}


def licence_text(front: dict[str, Any]) -> str:
    """The licence that a card's front matter names; "" where nobody decided on one."""
    named = front.get("license_name") if front.get("license") == "other" else front.get("license")
    names = named if isinstance(named, list) else [named]
    return ", ".join(str(name) for name in names if name and name != "unknown")


def licence_address(front: dict[str, Any]) -> str:
    """The address of that licence, else its name."""
    return str(front.get("license_link") or licence_text(front))
