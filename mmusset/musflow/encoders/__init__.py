"""Encoders: images, texts and sounds to embeddings, the bundled ones and the pretrained ones.

Doors:
    encoder    what every encoder does
    bundled    features of pictures, texts and sounds that need no model
    encoders   the four encoders of a recipe, and opening them
"""
