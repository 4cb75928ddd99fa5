"""Where what is made of a source goes, unless somebody says otherwise."""

from pathlib import Path


def default_out(source: str, made: str = "mmusset") -> Path:
    """`Music-mmusset`, here, for `.../Music`, `.../Music/x.csv`, `hf://user/Music` and
    `s3://bucket/Music`; `made` is what is made of it."""
    if source.startswith("hf://"):
        named = source.removeprefix("hf://").removeprefix("datasets/").split("/")[1:2]
        return Path(f"{''.join(named)}-{made}")
    if "://" in source:
        return Path(f"{source.rstrip('/').rpartition('/')[2]}-{made}")
    whole = Path(source).resolve()
    return Path(f"{(whole if whole.is_dir() else whole.parent).name}-{made}")


def audit_out(source: str) -> Path:
    """Where an audit goes: `Music-audit` beside the folder `Music`, or beside that of a table or of
    tars; here, of what is not on this machine."""
    named = default_out(source, "audit")
    if "://" in source:
        return named
    whole = Path(source).absolute()
    return (whole if whole.is_dir() else whole.parent).parent / named
