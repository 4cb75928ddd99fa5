"""croissant.json: the dataset as programs look it up, in the format of Croissant 1.0.

The format: https://docs.mlcommons.org/croissant/docs/croissant-spec.html. Each member of a sample
has a record set of its own, which begin with the sample's key.
"""

import json
import re
from typing import Any

from mmusset.shards.frames import MEMBER as FRAMES

from .facts import CardFacts

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
CITE_AS = (
    "@article{musflow2025, author = {Song, Jiahao and Wang, Yuzhao}, title = {MusFlow: Multimodal"
    " Music Generation via Conditional Flow Matching}, journal = {arXiv preprint arXiv:2504.13535},"
    " year = {2025}}"
)
# Of each member: its record set, what its files are, and the type of what they hold.
MEMBERS = {
    "image.jpg": ("images", "image/jpeg", "sc:ImageObject", "The picture."),
    "music.flac": ("music", "audio/flac", "sc:AudioObject", "The clip of music."),
    "story.txt": ("stories", "text/plain", "sc:Text", "What one might say about the picture."),
    "caption.txt": ("captions", "text/plain", "sc:Text", "What is heard."),
    "json": ("facts", "application/json", "sc:Text", "Claims, evidence, turns and hashes."),
}
WITH_FRAMES = MEMBERS | {
    FRAMES: ("frames", "image/jpeg", "sc:ImageObject", "A video's frames, one a second.")
}


def croissant(facts: CardFacts, name: str, licence: str) -> bytes:
    """The file's bytes. `licence` is "" where nobody decided on one."""
    members = WITH_FRAMES if facts.counts.with_frames else MEMBERS
    licensed = {"license": licence} if licence else {}
    data = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "alternateName": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "dataset",
        "description": (
            f"{facts.counts.samples} quadruples of image, story, music caption and music; every"
            " statement that a caption makes of the music was checked against measurements."
        ),
        "inLanguage": "en",
        "version": "1.0.0",
        "citeAs": CITE_AS,
        **licensed,
        "distribution": [*_shards(facts), *(_members(facts, member) for member in members)],
        "recordSet": [_records(member) for member in members],
    }
    return (json.dumps(data, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def _shards(facts: CardFacts) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject",
            "@id": shard.name,
            "name": shard.name,
            "contentUrl": shard.name,
            "contentSize": f"{shard.bytes} B",
            "encodingFormat": "application/x-tar",
            "sha256": shard.sha256,
        }
        for shard in facts.manifest.shards
    ]


def _members(facts: CardFacts, member: str) -> dict[str, Any]:
    """One member of every sample, in all the shards."""
    _, media_type, _, description = WITH_FRAMES[member]
    return {
        "@type": "cr:FileSet",
        "@id": f"all-{member}",
        "name": f"all-{member}",
        "description": description,
        "containedIn": [{"@id": shard.name} for shard in facts.manifest.shards],
        "encodingFormat": media_type,
        "includes": f"*.{member}",
    }


def _records(member: str) -> dict[str, Any]:
    """Its record set: the sample's key, and what the member holds."""
    name, _, data_type, description = WITH_FRAMES[member]
    files = {"fileSet": {"@id": f"all-{member}"}}
    key = {
        "@type": "cr:Field",
        "@id": f"{name}/key",
        "name": "key",
        "description": "The sample's key.",
        "dataType": "sc:Text",
        "source": {
            **files,
            "extract": {"fileProperty": "filename"},
            "transform": {"regex": r"^(?:.*/)?([0-9a-z]+)\."},
        },
    }
    content = {
        "@type": "cr:Field",
        "@id": f"{name}/content",
        "name": "content",
        "description": description,
        "dataType": data_type,
        "source": {**files, "extract": {"fileProperty": "content"}},
    }
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": description,
        "key": {"@id": f"{name}/key"},
        "field": [key, content],
    }
