"""The formats of a report, as a table. Must never know what is being reported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from connector.reports.document import Report
from connector.reports.html_format import write_html
from connector.reports.json_format import write_json
from connector.reports.spreadsheet import write_csv, write_xlsx


@dataclass(frozen=True, slots=True)
class Format:
    """One row: file name suffix, media type for HTTP, and the writer; `text` is False where a terminal must not see it."""

    suffix: str
    media_type: str
    write: Callable[[Report, BinaryIO], None]
    text: bool = True


FORMATS: Mapping[str, Format] = {
    "csv": Format("csv", "text/csv; charset=utf-8", write_csv),
    "xlsx": Format(
        "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx, text=False
    ),
    "json": Format("json", "application/json", write_json),
    "html": Format("html", "text/html; charset=utf-8", write_html),
}
