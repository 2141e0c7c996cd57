"""CSV and XLSX. Must never let a text from a portal become a formula: lead titles come from strangers."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from connector.i18n import _
from connector.reports.document import Cell, Report, Sheet

# A spreadsheet takes a cell that starts like this for a formula or a command (OWASP, "CSV injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_EXCEL_ROWS = 1_048_576
_EXCEL_CELL = 32_767
_BOM = b"\xef\xbb\xbf"


def defused(cell: Cell) -> Cell:
    """A text that no spreadsheet takes for a formula: an apostrophe goes in front. Numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_STARTS):
        return "'" + cell
    return cell


def write_csv(report: Report, out: BinaryIO) -> None:
    """The main table as CSV: UTF-8 with a byte order mark (Excel), comma, CRLF, stable English column names."""
    out.write(_BOM)
    with _text(out) as text:
        writer = csv.writer(text)
        writer.writerow(column.key for column in report.main.columns)
        for row in report.main.rows():
            writer.writerow(defused(cell) for cell in row)


@contextmanager
def _text(out: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """`out` as text, flushed and left open at the end."""
    wrapper = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    try:
        yield wrapper
    finally:
        wrapper.flush()
        wrapper.detach()


def write_xlsx(report: Report, out: BinaryIO) -> None:
    """All tables as an Excel workbook, written row by row in constant memory."""
    book = xlsxwriter.Workbook(
        out,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    bold = book.add_format({"bold": True, "bottom": 1})
    book.set_properties({"title": report.title, "subject": report.subtitle})
    _facts(book, report, bold)
    for sheet in (report.main, *report.others):
        _sheet(book, sheet, bold)
    book.close()


def _facts(book: Workbook, report: Report, bold: Format) -> None:
    page = book.add_worksheet(_sheet_name(_("Summary")))
    page.set_column(0, 0, 34)
    page.set_column(1, 1, 70)
    page.write_string(0, 0, report.title, bold)
    page.write_string(1, 0, report.subtitle)
    for line, (name, value) in enumerate(report.facts, start=3):
        _write(page, line, (name, value))
    for line, note in enumerate(report.notes, start=4 + len(report.facts)):
        _write(page, line, (note,))


def _sheet(book: Workbook, sheet: Sheet, bold: Format) -> None:
    """One table; where Excel's row limit ends a page, the next page goes on, so that nothing is cut off silently."""
    page, line, part = None, 0, 0
    for row in _with_empty(sheet):
        if page is None or line >= _EXCEL_ROWS:
            part += 1
            page, line = book.add_worksheet(_sheet_name(sheet.title, part)), 1
            for at, column in enumerate(sheet.columns):
                page.set_column(at, at, column.width)
                page.write_string(0, at, column.label, bold)
            page.freeze_panes(1, 0)
        if row is not None:
            _write(page, line, row)
            line += 1


def _with_empty(sheet: Sheet) -> Iterator[Sequence[Cell] | None]:
    """The rows, led by None so that a table without rows gets its page too."""
    yield None
    yield from sheet.for_people()


def _write(page: xlsxwriter.worksheet.Worksheet, line: int, row: Sequence[Cell]) -> None:
    for at, cell in enumerate(row):
        if isinstance(cell, str):
            page.write_string(line, at, cell[:_EXCEL_CELL])
        elif cell is not None:
            page.write_number(line, at, cell)


def _sheet_name(title: str, part: int = 1) -> str:
    name = "".join(" " if sign in "[]:*?/\\'" else sign for sign in title)
    return name[:31] if part == 1 else f"{name[:26]} {part}"
