"""The ear `clap`, and the same with the weights that a recipe names.

It listens for what the listener listens for, in the same words, so that one table of truth
calibrates both. Nothing is known of it before somebody has done so.
"""

from dataclasses import replace

from mmusset.ears.declaration import Ear
from mmusset.ears.listener import LISTENER
from mmusset.recipe_parts.listening import ClapPart

from .model import RATE_HZ, open_clap
from .prompts import fingerprint
from .weights import ClapWeights

NAME = "clap"

CLAP = Ear(
    name=NAME,
    kind="similarity",
    version="not calibrated",
    licences=(
        "clap: LAION's checkpoints are under the Apache-2.0 licence by their pages on the Hub; a"
        " model of another name has its own",
    ),
    labels=LISTENER.labels,
    calibrated_on="",
    clip_cpu_s=0.65,
    rate_hz=RATE_HZ,
    opens=open_clap,
    weights=ClapWeights(ClapPart().model),
)


def with_weights(part: ClapPart) -> Ear:
    """The ear with the weights that a recipe names; uncalibrated.

    Its version tells weights and sentences; where the weights are not here, the model's name alone.
    """
    weights = ClapWeights(part.model, part.revision)
    folder = weights.folder
    if folder is None:
        return replace(CLAP, weights=weights)
    return replace(
        CLAP,
        version=f"{weights.version}, sentences {fingerprint(CLAP.labels)}",
        licences=(f"clap: {weights.licence}, by the card of {weights.name}",),
        model=str(folder),
        weights=weights,
    )
