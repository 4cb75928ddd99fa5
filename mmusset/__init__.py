"""mmusset: a folder of your own media in, trustworthy quadruples out.

A quadruple is an image, a story, a music caption and the music itself.
Start at `cli/main.py`; the nouns are in `sample.py` and `sample_parts/`.
"""

__version__ = "0.1.0"
