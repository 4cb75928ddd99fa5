"""Templates of HTML pages: text is escaped, and a name that a page lacks is an error."""

from jinja2 import Environment, PackageLoader, StrictUndefined


def html_templates(package: str, folder: str = ".") -> Environment:
    """The templates in a folder of a package, `mmusset.view` say; a page adds its own filters."""
    return Environment(
        loader=PackageLoader(package, folder),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
