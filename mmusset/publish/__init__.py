"""Publishing a dataset: its card, then the way to the Hub and back; and a model the same way.

`facts.py` gathers what a card says, `card.md.j2` says it, `readme.py` keeps what the dataset's
owner wrote around it; `features.py` and `croissant.py` say the same to programs;
`contact_sheet.py` draws a few samples. `published.py` says which files belong on the Hub, and
`remote.py` talks to it.

Doors:
    card       `write_card`: README.md, croissant.json and the contact sheet of a dataset
    licence    `Licence`: the one that the dataset's owner decides on
    readme     a card's generated part, and what its owner wrote around it
    published  `Publication`: what of a folder is published
    push       `push`: that to the Hub
    pull       `pull`: a dataset from the Hub, checked
"""
