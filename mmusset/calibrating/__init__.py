"""Witnesses calibrated by their users, on what is known.

Doors:
    ears    `calibrate`: an ear, on clips of which is known what is in them
    eyes    `calibrate`: a CLIP, on pictures with their stories
"""
