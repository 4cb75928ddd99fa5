"""Captions that exist, against their own sound: what they say, and how much of it is so.

Doors:
    audit     `audit`: every caption's statements judged, and the same for captions of other music
    findings  what was found, counted by attribute, with the control and the worst captions
    show      the findings as text for people
    page      the findings as a page of HTML
"""
