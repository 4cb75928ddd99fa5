"""Training MusFlow, stage by stage: the codec, the cache of latents, the alignment, the flow.

Doors:
- `stages`: a whole training, from shards to checkpoints
- `plan`: what a training will need, before it begins
- `run_folder`: where a training keeps what it makes
- `beginning`: the model that a training began with
- `trained_on`: the dataset that it is trained on, as its folder remembers it
- `checkpoint`: the weights and settings that `generate` reads
"""
