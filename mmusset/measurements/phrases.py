"""Parts from which the synonyms of measurements are put together."""

from itertools import product

# Parts that synonyms of several measurements share.
VERBS = "is|stays|remains|sits|runs|holds|keeps|held|kept|"
PACES = "pace|pulse|tempo|beat|step|speed"
LEVELS = "volume|level|loudness"
TEMPO_OF = ("tempo of|pace of", "this|the", "song|piece|track|music", "is")
MEDIUM = "moderate|medium|middling"
# What the music as a whole is called.
WORKS = (
    "piece|track|song|tune|music|number|ballad|composition|instrumental|clip|recording|excerpt"
    "|passage|performance|arrangement|audio|trio|quartet|soundtrack|score|loop|waltz|anthem|lullaby"
    "|cover|jam|miniature|sketch|étude|etude|nocturne|sonata|concerto|jazz|rock|pop|metal|folk"
    "|blues|funk"
)


def joined(*parts: str) -> tuple[str, ...]:
    """Each choice of the first part before each choice of the next: "a|b", "c" is a c, b c."""
    return tuple(" ".join(filter(None, row)) for row in product(*(p.split("|") for p in parts)))


def stated(of: str, words: str) -> tuple[str, ...]:
    """What is stated of things: "low volume", "volume stays low", "low in volume"."""
    return (
        *joined(words, of),
        *joined(of, VERBS, words),
        *joined(words, "in", of),
    )
