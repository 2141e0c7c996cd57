"""HTML: one file that needs nothing else, on screen and on paper. Must never load an address or run a script."""

from functools import lru_cache
from importlib.metadata import version
from typing import BinaryIO

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from connector.reports.charts import svg
from connector.reports.document import Report
from connector.resources import templates_path


@lru_cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(templates_path()),
        autoescape=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("report.html")


def write_html(report: Report, out: BinaryIO) -> None:
    """The report as a self-contained page, written piece by piece."""
    stream = _template().stream(report=report, svg=svg, version=version("leadswitch"))
    stream.enable_buffering(64)
    for piece in stream:
        out.write(piece.encode())
