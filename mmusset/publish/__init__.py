"""What makes a dataset ready for others: its card.

`facts.py` gathers what a card says, `card.py` and `card.md.j2` say it, `readme.py` keeps what the
dataset's owner wrote around it; `features.py` and `croissant.py` tell programs the same;
`contact_sheet.py` draws a few samples.
"""
