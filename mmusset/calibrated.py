"""The constants that make a confidence a probability. `benchmarks/calibrate.py fit --write` writes
this file.

Regressions have their features in the order of the functions that compute them; errors are those at
the borders between words (`Border.error`), from low to high, in the unit of their scale.
"""

from .measured import Regression

TEMPO_FASTER = Regression(weights=(2.38, -7.48, -2.33), bias=-1.14)
TEMPO_IN_THREES = Regression(weights=(1.74, 13.63, 16.21), bias=-1.64)
TEMPO_SLOWER = Regression(weights=(-5.91, -6.74, 2.88, -6.94), bias=-1.29)
KEY = Regression(weights=(11.86, -0.19, -1.27, 9.55, 5.33), bias=-6.75)
PERCUSSION = Regression(weights=(12.67, 3.81, -73.92, 1.04), bias=5.75)
MODE_SHARPNESS = 10.7
LOUDNESS_ERRORS = (0.3, 0.3)
DYNAMICS_ERRORS = (0.55,)
BRIGHTNESS_ERRORS = (16.0, 66.0)
DENSITY_ERRORS = (0.47, 0.46)
WIDTH_ERRORS = (0.002, 0.016)
ENERGY_ERRORS = (0.058, 0.041)
PULSE = Regression(weights=(1.3, 7.67), bias=-1.31)
