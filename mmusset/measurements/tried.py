"""How many findings at a certainty of 0.9 were right, of how many, on the clips of
`benchmarks/calibrate.py try --write`, which writes this file.
"""

RIGHT_OF_SAID = {
    "tempo": (170, 178),
    "pulse": (193, 206),
    "key": (116, 123),
    "mode": (130, 139),
    "percussion": (384, 393),
    "loudness": (475, 475),
    "dynamics": (447, 453),
    "brightness": (422, 424),
    "density": (344, 348),
    "width": (453, 453),
    "energy": (376, 383),
}
