"""XML of strangers as a tree: no entities of its own, nothing from outside, bounded."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from .notation import NotAScore

MOST_ELEMENTS = 2_000_000
DEEPEST = 64


@dataclass(slots=True)
class Element:
    """An element: its name, its attributes, the text before its first child, and its children."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, name: str) -> Iterator["Element"]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def one(self, *names: str) -> "Element | None":
        """The first child of the first name, of that the first of the second, and so on."""
        found: Element | None = self
        for name in names:
            found = next(found.all(name), None) if found else None
        return found

    def text_of(self, *names: str) -> str:
        """The text of `one`, without the white space around it; "" where there is none."""
        found = self.one(*names)
        return found.text.strip() if found else ""

    def number_of(self, *names: str) -> float | None:
        """The text of `one` as a number; None where it is none."""
        return number(self.text_of(*names))


def number(text: str) -> float | None:
    """A finite number of a size that music has; None for any other text."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e6 else None


def parse(data: bytes) -> Element:
    """The root of an XML document. Raises NotAScore."""
    root = Element("", {})
    stack, count = [root], 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS or len(stack) > DEEPEST:
            raise NotAScore("is too large or too deep")
        element = Element(name, attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def end(_: str) -> None:
        stack.pop()

    def text(characters: str) -> None:
        if not stack[-1].children:
            stack[-1].text += characters

    def entity(*_: object) -> None:
        raise NotAScore("declares entities, which no score needs")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    # What a DOCTYPE names outside the file is never read: nobody set a handler for it.
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = text, entity
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, NotAScore):
            raise
        raise NotAScore("is no XML that can be read") from None
    return root.children[0]
