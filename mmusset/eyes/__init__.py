"""A witness that sees: how near a story is to its picture by a CLIP, and what that is worth.

Doors:
    eye     `Eye`: a CLIP that a recipe names, with its card; `eye_of` finds it
    card    the calibration card: how near a story is, as the probability that it is the picture's
    model   opening a CLIP: a picture and stories in, how near each is out
"""
