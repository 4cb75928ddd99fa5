"""Publishing a trained model: packed into one folder, with a card made from facts.

Doors:
    pack          a training becomes a model's folder
    card          README.md of such a folder
    publication   what of it goes to the Hub, for `mmusset push`
"""
