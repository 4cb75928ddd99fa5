"""musicnn (Pons and Serra, 2019), a pretrained tagger, read from its own package and run in numpy.

Door:
    ear    its declaration
"""
