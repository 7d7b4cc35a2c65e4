"""The report in an evidence pack, for people: one page of HTML and one document of PDF, with pictures in both."""

from api.evidence_report.account import account
from api.evidence_report.document import document
from api.evidence_report.page import page
from registry.dossier.exhibits import Exhibits


def reports(exhibits: Exhibits) -> dict[str, bytes]:
    """The report's files by their names in a pack."""
    told = account(exhibits)
    return {"report.html": page(told), "report.pdf": document(told)}


__all__ = ["reports"]
