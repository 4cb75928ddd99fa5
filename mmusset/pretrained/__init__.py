"""Models that others have trained: their weights found, loaded whole, known again, and used.

Doors:
    weights     where weights are, loading them, an identity that changes with them, their licence
    embedding   CLIP, SigLIP, CLAP and T5 as what makes vectors of pictures, texts and sounds
"""
