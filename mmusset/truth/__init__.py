"""What a text says of the music, and whether the measurements bear it out.

`extract` finds claims in prose, `judge` sets each against evidence, `gates` lists
what may be said at all, `leaks` finds words that belong in the other text.
"""
