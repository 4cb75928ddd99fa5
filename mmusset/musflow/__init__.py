"""MusFlow: music from an image, a story, a caption, or several of them, by flow matching.

Shards become a cache of latents and embeddings; the trainer reads the cache, and the generator
turns conditions into music. Its rooms, each using only those before it: `sound` (spectrograms
and sound files), `codecs`, `encoders`, `data` (the cache), `model`, `model_folder` (a model that
travels), `training`, `generate`, `publishing`.

Doors:
    recipe                the recipe of a training, and the modalities
    training.run_folder   where a training's files are
    training.stages       codec, encode, flow; what `mmusset train` runs
    training.plan         what `mmusset train --plan` shows
    encoders.bundled      features that are measured, which evaluation hears by too
    generate.requests     what `mmusset generate` asks for; needs no torch
    generate.generator    a trained model, opened
    generate.generate     a file for each request
"""
