"""How many cases of one kind a test goes through: a quarter, and all with THOROUGH=1, as in CI."""

import os

THOROUGH = os.environ.get("THOROUGH") == "1"
FEWEST = 5


def cases(every: int) -> int:
    """`every` in CI, otherwise a quarter of that, or the few that there are."""
    return every if THOROUGH else min(every, max(every // 4, FEWEST))
