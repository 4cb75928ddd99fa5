"""Shards as training data: encoding them into the cache, and reading it.

Doors:
    encode       shards to cache
    cache        reading the cache; its manifest; a batch
    beat         a clip's tempo, and where in the beat it begins
    captions     which of its captions a clip is trained with at a step
    video_frames  the frames of a batch's videos
    dataset      what a trainer reads, whichever it is
    live         clips encoded at each step, without a cache
    round_trip   the codec's reconstruction error on a dataset
"""
