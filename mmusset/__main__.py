"""`python -m mmusset` is `mmusset`."""

from .cli import main

main()
