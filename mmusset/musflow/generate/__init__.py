"""Generating music with a trained model.

Doors:
    requests     requests from options or a table; needs no torch
    given_sound  a sound that is given to go on from, or for music to be like
    nearest      the training clips nearest to a piece
    generator    a trained model, opened once, that composes and writes pieces
    generate     a file for each request
"""
