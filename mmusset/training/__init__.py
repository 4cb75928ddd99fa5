"""What every training of a model shares. Order and randomness are functions of (seed, step), so
that nothing but the step and the weights need be saved.

Doors:
- `task`: what is to be trained: a batch, its loss, a validation, the state to save
- `loop`: the training loop, which is handed a task
- `optimizer`: the fused AdamW of a task
- `early_stopping`: the best validation, and its weights
- `order`: which samples a step trains on, and its random generators
- `world`: the processes that train together, and their devices
- `folder`: where a training keeps its checkpoints and logs
- `checkpoint`: a folder's newest checkpoint
- `recipe`: the part of a recipe that every training has
- `memory`: the memory planner: what a step needs, and what this machine has
- `published`: sizes of the models that the bundled recipes name
- `picture`: a user's image, decoded as in a build
- `moving_picture`: a user's video, likewise
- `recording`: a user's recording, likewise
"""
