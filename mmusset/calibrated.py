"""The constants that make a confidence a probability. `benchmarks/calibrate.py fit --write` writes
this file.

Regressions have their features in the order of the functions that compute them; errors are those at
the borders between words (`Border.error`), from low to high, in the unit of their scale. What has
AGREED in its name multiplies the odds of a reading with each further place of a piece that has it.
"""

from .measured import Regression

TEMPO = Regression(weights=(2.93, 0.73, -2.83, 6.35, -3.8, -1.27), bias=-2.49)
KEY = Regression(weights=(10.65, -0.28, -1.23, 7.75, 4.17), bias=-5.12)
MODE = Regression(weights=(10.45, -0.39, -0.53, 6.73, 2.43), bias=-3.43)
PERCUSSION = Regression(weights=(13.84, 4.0, -44.28, 1.55), bias=5.81)
LOUDNESS_ERRORS = (0.4, 0.3)
DYNAMICS_ERRORS = (0.61,)
BRIGHTNESS_ERRORS = (20.0, 49.0)
DENSITY_ERRORS = (0.54, 0.5)
WIDTH_ERRORS = (0.002, 0.016)
ENERGY_ERRORS = (0.039, 0.035)
TEMPO_AGREED = 1.2
KEY_AGREED = 1.3
MODE_AGREED = 1.1
PULSE = Regression(weights=(1.03, 3.45), bias=-0.61)
