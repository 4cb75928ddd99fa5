"""The findings of an audit as a page of HTML, in one piece: nothing is loaded from elsewhere."""

from mmusset.html_templates import html_templates
from mmusset.truth.badges import badged

from .findings import AuditFindings
from .show import verdict


def page(findings: AuditFindings) -> str:
    """The figures, the control, and the worst captions with both sides."""
    environment = html_templates("mmusset.auditing")
    environment.filters["badged"] = badged
    environment.filters["percent"] = "{:.1%}".format
    template = environment.get_template("audit.html")
    return template.render(findings=findings, verdict=" ".join(verdict(findings)))
