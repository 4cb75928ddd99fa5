"""Encoders: images, texts and sounds to embeddings, the bundled ones and the pretrained ones.

Doors:
    encoders   the four encoders of a recipe, and opening them
"""
