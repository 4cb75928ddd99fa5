"""Measuring a clip and an image; decoding untrusted media.

`music.measure` and `image.measure` take decoded samples and pixels and give
evidence: numbers, each with a confidence. Files are opened in child processes.
"""
