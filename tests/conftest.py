"""Settings for all tests: no time limits, since machines are shared."""

import os

from hypothesis import settings

# Tests run two at a time: threads within each only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")
