"""The one rule by which items are filtered, searched and counted.

- An item passes a filter if it has, in each facet named, the label asked for, and if its texts
  hold, for each word searched, a word that begins with it.
- A facet's counts are of the items that pass the filter without that facet's own label: choosing a
  value does not hide the others.
- Labels in a facet of fixed labels are listed in its order; others by their count, then by their
  code points, the MOST_VALUES most frequent of them.

The server answers in SQL over the index, an export in JavaScript over files (`static/disk.js`);
tests/view/test_filters.py holds both to each other. What can be decided once is decided here and
stored: which words a text has, and in which order labels stand.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from .facets import facets

# Facets with any number of values, such as folders, list only this many.
MOST_VALUES = 60


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for: items that hold all `words`, with these labels, by name of the facet.

    They come in the order of the plan, or by the numbers of the facet that `sort` names, with "-"
    before it from the largest down; what has no number comes last, equals in the plan's order.
    """

    words: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    sort: str = ""

    def without(self, facet: str) -> "Filter":
        """The same filter without a label in that facet, in whatever order."""
        return Filter(self.words, tuple(pair for pair in self.labels if pair[0] != facet))


def words_of(text: str) -> list[str]:
    """The words of a text as a search sees them: small letters and digits, without accents.

    `wordsOf` in `static/disk.js` does the same to what somebody types into an export's page.
    """
    # Greek's final sigma is a letter of its own, which no beginning of a word would match.
    small = text.lower().replace("ς", "σ")
    return "".join(_letters(unicodedata.normalize("NFD", small))).split()


def _letters(decomposed: str) -> Iterator[str]:
    """Letters and digits as they are, nothing for a mark, a blank for the rest."""
    for character in decomposed:
        kind = unicodedata.category(character)[0]
        if kind in "LN":
            yield character
        elif kind != "M":
            yield " "


def order_sql(query: Filter) -> str:
    """What items are sorted by, ascending, as SQL; their place in the plan settles the rest."""
    if not query.sort:
        return "0.0"  # a whole number would name a column
    name = query.sort.removeprefix("-")
    sign = "-" if query.sort.startswith("-") else ""
    return f'coalesce({sign}"{number_column(name)}", 1e308)'


def number_column(facet: str) -> str:
    """The column of a facet's numbers."""
    return f"number of {facet}"


def as_sql(query: Filter) -> tuple[str, list[str]]:
    """A filter as a WHERE clause over the index's table `item`, and its values."""
    conditions, values = list[str](), list[str]()
    several = {facet.name: facet.several for facet in facets()}
    for name, label in query.labels:
        if not label:  # an item without a label in a facet has none, not an empty one
            conditions.append("0")
            continue
        if several[name]:
            conditions.append(f'EXISTS (SELECT 1 FROM json_each("{name}") WHERE value = ?)')
        else:
            conditions.append(f'"{name}" = ?')
        values.append(label)
    if words := words_of(query.words):
        conditions.append("idx IN (SELECT rowid FROM found WHERE found MATCH ?)")
        values.append(" ".join(f'"{word}"*' for word in words))
    return (f"WHERE {' AND '.join(conditions)}" if conditions else ""), values
