"""Codecs: sound to latents and back, the bundled one and the pretrained ones.

Doors:
    codec       what every codec does, and opening the one of a recipe
    bundled     fitting the bundled codec on a dataset, and saving it
    mel_vae     the bundled codec's network; its end that makes sound is istft_head
    pretrained  those with weights of others, and how long a latent frame is at another rate
"""
