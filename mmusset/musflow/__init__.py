"""MusFlow: music from a picture, a story, a caption, or several of them, by flow matching.

Shards become a cache of latents and embeddings; the trainer reads the cache, and the sampler
makes music.
"""
