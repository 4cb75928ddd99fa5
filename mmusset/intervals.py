"""How sure a share is."""

import math

Z = 1.959963984540054  # the normal distribution's quantile for 95 %: scipy.special.ndtri(0.975)


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share of n (Wilson 1927); 0 to 1 where n is 0.

    n need not be whole: it may be an effective sample size.
    """
    if n <= 0:
        return 0.0, 1.0
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
