"""Each format keeps every row and every character, and turns nothing into a formula."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from connector.reports.charts import svg
from connector.reports.document import Bars, Cell, Column, Flow, Report, Sheet
from connector.reports.html_format import write_html
from connector.reports.json_format import write_json
from connector.reports.spreadsheet import defused, write_csv, write_xlsx

HOSTILE = '=HYPERLINK("http://evil.example","click")'
ROWS: list[tuple[Cell, ...]] = [
    (1, "Zażółć gęślą jaźń — Привет 👋", 10.5),
    (2, HOSTILE, None),
    (3, "</td><script>alert(1)</script>", 0),
    (4, 'line\nbreak, comma; "quote"', -7),
]


def report(rows: Sequence[tuple[Cell, ...]] = ROWS) -> Report:
    columns = (
        Column("lead", "Lead", number=True),
        Column("title", "Title", 40),
        Column("amount", "Amount", number=True),
    )
    main = Sheet("leads", "Leads", columns, lambda: iter(rows))
    flow = Flow(
        "Stages", "Lead", "Deal", (("New <b>", "First", 3), ("In work", "First", 1), ("In work", "Second", 2))
    )
    return Report(
        title="A plan & more",
        subtitle="portal.example",
        language="en",
        facts=(("Leads", len(rows)), ("Direction", "simple")),
        notes=("A note.",),
        charts=(flow, Bars("Findings", (("No name", 2, "warning"),))),
        main=main,
        others=(Sheet("findings", "Findings", (Column("code", "Code"),), lambda: iter([("no-name",)])),),
        head={"format": "test/1"},
        streams={"leads": lambda: ({"id": row[0], "title": row[1]} for row in rows)},
    )


def test_csv_is_readable_by_excel_and_by_python() -> None:
    out = io.BytesIO()
    write_csv(report(), out)
    raw = out.getvalue()
    assert raw.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert lines[0] == ["lead", "title", "amount"]
    assert lines[1] == ["1", "Zażółć gęślą jaźń — Привет 👋", "10.5"]
    assert lines[2] == ["2", "'" + HOSTILE, ""]
    assert lines[4][1] == 'line\nbreak, comma; "quote"'


@pytest.mark.parametrize("text", ["=1+1", "+48 600", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_a_text_that_starts_like_a_formula_is_defused(text: str) -> None:
    assert defused(text) == "'" + text


@pytest.mark.parametrize("cell", ["plain", "a=b", 5, -5, None, ""])
def test_other_cells_stay_as_they_are(cell: Cell) -> None:
    assert defused(cell) == cell


def test_xlsx_holds_texts_and_no_formula() -> None:
    out = io.BytesIO()
    write_xlsx(report(), out)
    with zipfile.ZipFile(out) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 3
        leads = book.read("xl/worksheets/sheet2.xml").decode()
        assert "<f>" not in leads
        assert "hyperlink" not in leads.lower().replace("=hyperlink(", "")
        texts = [node.text for node in ElementTree.fromstring(leads).iter() if node.tag.endswith("}t")]
    assert HOSTILE in texts
    assert "Zażółć gęślą jaźń — Привет 👋" in texts


def test_json_is_one_object_with_its_streams() -> None:
    out = io.BytesIO()
    write_json(report(), out)
    document = json.loads(out.getvalue())
    assert document["format"] == "test/1"
    assert [lead["id"] for lead in document["leads"]] == [1, 2, 3, 4]


def test_json_of_nothing_is_still_an_object() -> None:
    out = io.BytesIO()
    write_json(report([]), out)
    assert json.loads(out.getvalue())["leads"] == []


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_shows_every_row_runs_nothing_and_loads_nothing() -> None:
    out = io.BytesIO()
    write_html(report(), out)
    page = _Page()
    page.feed(out.getvalue().decode())
    assert "script" not in page.tags
    assert page.loads == []
    assert page.tags.count("svg") == 2
    for row in ROWS:
        assert str(row[1]) in page.text


@pytest.mark.parametrize("write", [write_csv, write_json, write_html, write_xlsx])
def test_rows_are_asked_for_while_writing(write: object) -> None:
    """A format that collected all rows first would have written nothing when the last row is asked for."""
    out = io.BytesIO()
    written: list[int] = []

    def many() -> Iterator[tuple[Cell, ...]]:
        for number in range(30_000):
            yield (number, "x" * 50, 1)
        written.append(out.tell())

    base = report()
    main = Sheet("leads", "Leads", base.main.columns, many)
    big = Report(
        base.title, base.subtitle, "en", base.facts, base.notes, base.charts, main,
        streams={"leads": lambda: ({"id": row[0]} for row in many())},
    )  # fmt: skip
    assert callable(write)
    write(big, out)
    if write is not write_xlsx:  # a workbook is packed at the end, from temporary files
        assert written[0] > 100_000


def test_flow_ribbons_end_where_nodes_end() -> None:
    """Every lead that leaves a stage arrives: widths of ribbons add up to the node's height on both sides."""
    flow = Flow("Stages", "Lead", "Deal", (("a", "x", 3), ("a", "y", 1), ("b", "x", 2)))
    drawing = ElementTree.fromstring(svg(flow))
    nodes = [float(n.get("height", "0")) for n in drawing.iter() if n.tag.endswith("rect")]
    ribbons = []
    for path in (n.get("d", "") for n in drawing.iter() if n.tag.endswith("path")):
        numbers = [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", path)]
        ribbons.append(numbers[-1] - numbers[1])
    assert sum(ribbons) == pytest.approx(sum(nodes) / 2, abs=0.5)


def test_an_empty_chart_draws_nothing() -> None:
    assert svg(Flow("Stages", "Lead", "Deal", ())) == ""
    assert svg(Bars("Findings", ())) == ""
