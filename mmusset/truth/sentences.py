"""A text cut into its sentences."""

import re

# White space after a full stop, question mark or exclamation mark (and what closes
# after it), where something that can begin a sentence follows.
_BORDER = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\W_a-z])|\n\s*")
_NO_END = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|no|op|approx|ca|cf|e\.g|i\.e|etc)|\b[A-Z])\.$",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """The sentences of a text, each with the white space after it: joined, they are the text."""
    pieces = []
    start = 0
    for border in _BORDER.finditer(text):
        if "\n" in border[0] or not _abbreviated(text[start : border.start()]):
            pieces.append(text[start : border.end()])
            start = border.end()
    return [*pieces, text[start:]] if start < len(text) else pieces


def _abbreviated(before: str) -> bool:
    """Whether the full stop that `before` ends with is that of an abbreviation."""
    ending = _NO_END.search(before)
    # "in A." may well end a sentence; an initial such as "J." comes after a space or nothing.
    return ending is not None and not before.endswith((" A.", " I."))
