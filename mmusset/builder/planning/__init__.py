"""What a source offers becomes a plan: items in a fixed order, cut into blocks, frozen.

Doors:
    inventory    what a source offers, and why the rest is left out
    offers       a piece that it offers, and what is skipped
    offering     what files that belong together offer
    twins        the same bytes in several files
    recordings   pieces of one recording, told by their fingerprints
    rights       what is reserved, or under a licence that the recipe does not allow
    spool        values in a file, where they are too many for memory
    surveys      every file read once for what it says of itself
    plan         the inventory, frozen into the ledger
    candidates   a plan that grows until enough samples are accepted
    provisional  a plan that the next run makes again, while something could not be read
    retry        failed items tried again
"""
