"""The model: alignment of the modalities, velocity network, flow matching, sampling.

Doors:
    musflow     the whole model, its losses, and what is random about a training step
    kin         which clips are too near each other to count as two
    alignment   the Alignment Module and its recall
    flow        path, loss and ODE solvers
    known       music of which a part is known
    network     the velocity network
    ema         the moving average of the weights
    sampler     latents from noise and conditions
"""
