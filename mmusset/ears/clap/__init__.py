"""The ear `clap`: how near a sound comes to sentences about music, by a CLAP model.

Doors:
    ear       the declaration, and the ear with the weights that a recipe names
    model     opening it: what listens
    prompts   the sentences
"""
