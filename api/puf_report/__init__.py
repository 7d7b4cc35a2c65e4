"""The report on a population of PUFs: one HTML page with its pictures inside, and the same figures as JSON."""

from api.puf_report.page import figures, page
from api.puf_report.reading import read_directory

__all__ = ["figures", "page", "read_directory"]
