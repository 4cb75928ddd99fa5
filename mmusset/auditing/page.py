"""The findings of an audit as a page of HTML, in one piece: nothing is loaded from elsewhere."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from mmusset.truth.badges import badged

from .findings import AuditFindings
from .show import verdict


def page(findings: AuditFindings) -> str:
    """The figures, the control, and the worst captions with both sides."""
    environment = Environment(
        loader=PackageLoader("mmusset.auditing", "."),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["badged"] = badged
    environment.filters["percent"] = "{:.1%}".format
    template = environment.get_template("audit.html")
    return template.render(findings=findings, verdict=" ".join(verdict(findings)))
