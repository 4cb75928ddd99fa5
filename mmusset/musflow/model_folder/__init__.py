"""A trained model as one folder, which travels: averaged weights, codec, recipe, card.

Doors:
    manifest   what such a folder's manifest.json says
    trained    a trained model, from such a folder, from a training, or from the Hub
"""
