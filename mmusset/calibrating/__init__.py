"""Witnesses calibrated by their users, on what is known, and worth what came out.

Doors:
    ears          `calibrate`: an ear, on clips of which is known what is in them
    eyes          `calibrate`: a CLIP, on pictures with their stories
    recipe_ears   `ears_of`: the ears of a recipe, each worth what its card says
"""
