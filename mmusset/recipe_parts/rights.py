"""Whose work the music is: which tags are used and published, which licences are taken."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mmusset.frozen import Frozen
from mmusset.licensing import checked

UsedTag = Literal["genre", "mood", "bpm", "key", "instruments", "title"]

KeptTag = Literal["artist", "album", "license"] | UsedTag

# What a licence may ask to be told with a work.
ATTRIBUTION: tuple[KeptTag, ...] = ("title", "artist", "album", "license")


class TagsPart(Frozen):
    """What of the tags in music files may be used.

    `use` is told to the writers, and then stands in the samples; `keep` only stands there. A
    name of a person or an album is never told.
    """

    use: tuple[UsedTag, ...] = ("genre", "mood")
    keep: tuple[KeptTag, ...] = ()

    @property
    def published(self) -> tuple[str, ...]:
        """The tags that reach the shards, in order: a text can be judged again by what it used."""
        return tuple(dict.fromkeys((*self.keep, *self.use)))


Licence = Annotated[str, AfterValidator(checked)]


class LicencesPart(Frozen):
    """Under which licences the music is: what files don't say, and which are taken.

    `paths` are patterns of paths in the source, each with the licence of what it fits; the first
    that fits counts, and outranks what files say. In a recipe they stand beside `allow`, without
    which all is taken; `unknown` there is music of which nothing says under which it is.
    """

    allow: tuple[Licence, ...] = ()
    paths: dict[str, Licence] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _paths_stand_beside_allow(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        # A misspelt "allow" has a list, and stays where it is noticed.
        paths = {k: v for k, v in data.items() if k not in cls.model_fields and type(v) is str}
        others = {key: value for key, value in data.items() if key not in paths}
        own = others.get("paths", {})
        return others | {"paths": paths | own if isinstance(own, dict) else own}

    def of(self, path: bytes) -> str:
        """The licence that a path has by the recipe; "" where no pattern fits it."""
        name = path.decode("utf-8", "surrogateescape")
        return next((named for pattern, named in self.paths.items() if _fits(name, pattern)), "")


def _fits(path: str, pattern: str) -> bool:
    """`*` is anything within a folder's or file's name, `**` across folders too, `?` one letter."""
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/"))
    return re.fullmatch("".join(signs.get(p) or re.escape(p) for p in parts), path) is not None
