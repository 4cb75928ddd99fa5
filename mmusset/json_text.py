"""JSON that is compared and hashed: equal values, equal text."""

import json


def canonical_json(value: object) -> str:
    """Plain values as JSON with sorted keys, no spaces, and nothing but ASCII.

    Hashes of requests, recipes and samples are of this text, so it must never change. Raises
    ValueError for NaN and infinity, which JSON does not know.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
