"""How many words of given lyrics were heard otherwise: the word error rate.

A clip holds a stretch of the lyrics, and times tell at best where its lines begin: what was heard
is compared with the stretch that comes nearest to it.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Of scripts that put no spaces between words each character counts.
_WORD = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W_\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+"
    r"(?:['’][^\W_]+)*"
)
# What stands in lyrics and is not sung: "[Chorus]", "(x2)".
_NOT_SUNG = re.compile(r"\[[^\]]*\]|\(\s*(?:x\s*\d+|\d+\s*x|repeat)\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WordErrors:
    """`wrong` of the words heard or given differ (left out, put in or another); the stretch of the
    lyrics has `words`."""

    words: int
    wrong: int

    @property
    def error_rate(self) -> float:
        """The words that are wrong for each word of the stretch, 1 at most."""
        return min(1.0, self.wrong / max(1, self.words))


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: without case, accents' encoding and marks."""
    plain = unicodedata.normalize("NFKC", _NOT_SUNG.sub(" ", text)).casefold().replace("’", "'")
    return _WORD.findall(plain)


def compare(given: str, heard: str) -> WordErrors:
    """What was heard beside the stretch of the given words that differs least from it: the longest
    of several."""
    lyrics, said = words_of(given), words_of(heard)
    # For each place of the lyrics, the fewest differences of a stretch that ends there, and where
    # that begins: edit distance with both ends of the lyrics free.
    best = [(0, start) for start in range(len(lyrics) + 1)]
    for word in said:
        best = _next(best, lyrics, word)
    wrong, length = min((wrong, -(end - start)) for end, (wrong, start) in enumerate(best))
    return WordErrors(words=-length, wrong=wrong)


def _next(
    best: Sequence[tuple[int, int]], lyrics: Sequence[str], word: str
) -> list[tuple[int, int]]:
    row = [(best[0][0] + 1, 0)]
    for end, given in enumerate(lyrics, 1):
        row.append(
            min(
                _more(best[end - 1], given != word),  # the same word, or another
                _more(best[end], True),  # heard, and not given
                _more(row[-1], True),  # given, and not heard
            )
        )
    return row


def _more(so_far: tuple[int, int], is_wrong: bool) -> tuple[int, int]:
    return so_far[0] + is_wrong, so_far[1]
