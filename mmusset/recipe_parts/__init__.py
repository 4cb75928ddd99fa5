"""The sections of a build's recipe, each a model with its defaults.

Doors:
    source     columns, pairing, scores and splits
    rights     tags and licences
    media      how clips and pictures are cut, judged and stored, and within what limits
    listening  the models behind the ears `listener` and `clap`, and the one for lyrics
    speaker    who writes, how its tokens are drawn, where its server is
    texts      what captions and stories have to be
"""
