"""What listeners would give a clip's sound, by the package audiobox-aesthetics, where it is there.

Doors:
    model   opening it: a sound in, its scores out
"""
