"""How many findings at a certainty of 0.9 were right, of how many, on the clips of
`benchmarks/calibrate.py try --write`, which writes this file.
"""

RIGHT_OF_SAID = {
    "tempo": (59, 61),
    "pulse": (59, 61),
    "key": (31, 34),
    "mode": (45, 49),
    "percussion": (159, 163),
    "loudness": (193, 193),
    "dynamics": (182, 184),
    "brightness": (183, 185),
    "density": (142, 143),
    "width": (190, 190),
    "energy": (163, 163),
}
