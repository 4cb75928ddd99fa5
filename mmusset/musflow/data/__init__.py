"""Shards as training data: encoding them into the cache, and reading it.

Doors:
    encode       shards to cache
    cache        reading the cache; its manifest; a batch
    beat         a clip's tempo, and where in the beat it begins
    shifts       encodings of a clip that begin at different samples, and which is drawn at a step
    captions     which of its captions a clip is trained with at a step
    video_frames  the frames of a batch's videos
    round_trip   the codec's reconstruction error on a dataset
"""
