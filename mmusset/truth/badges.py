"""A text with its claims marked, for pages of HTML."""

import html
import re
from collections.abc import Sequence

from markupsafe import Markup

from mmusset.sample_parts.claims import JudgedClaim


def badged(text: str, claims: Sequence[JudgedClaim]) -> Markup:
    """A text in which the words of each claim are marked by its verdict, everything escaped."""
    marked, at = list[str](), 0
    for claim in claims:  # in the order of their words
        match = re.compile(rf"(?<!\w){re.escape(claim.text)}(?!\w)").search(text, at)
        if match is None:  # its words are another claim's too, and marked
            continue
        start = match.start()
        end = start + len(claim.text)
        verdict = f"{claim.attribute} {claim.value}: {claim.verdict}"
        measured = f"; measured {claim.measured}" if claim.measured else ""
        marked.append(html.escape(text[at:start]))
        marked.append(
            f'<mark class="{claim.verdict}" title="{html.escape(verdict + measured)}">'
            f"{html.escape(claim.text)}</mark>"
        )
        at = end
    return Markup("".join(marked) + html.escape(text[at:]))
