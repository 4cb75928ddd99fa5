"""Another processor than this machine's, as far as numpy goes."""

# numpy and its BLAS run code of their own for each kind of processor; these ask for an old one's.
OLD_PROCESSOR = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3"}
