"""Sound as numbers and as files: lengths, log-mel spectrograms, images of them, tagged files.

Doors:
    geometry      samples, mel frames and latent frames of a clip
    mel           log-mel spectrograms
    stft          the short-time Fourier transform and its inverse
    spectrogram   images of sound
    sound_file    files of generated sound, tagged as such
"""
