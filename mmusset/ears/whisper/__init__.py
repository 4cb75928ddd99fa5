"""What is sung in a clip, written down by a Whisper model, to be compared with given lyrics.

Doors:
    model        opening it: a sound in, words out
    comparison   how many words of lyrics were written down otherwise
"""
