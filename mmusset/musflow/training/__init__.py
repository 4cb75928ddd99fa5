"""Training MusFlow, stage by stage: the codec, the cache of latents, the alignment, the flow.

Doors:
- `stages`: a whole training, from shards to checkpoints
- `plan`: what a training will need, before it begins
- `run_folder`: where a training keeps what it makes
- `checkpoint`: the weights and settings that `generate` reads
"""
