"""JSON: one object, its head first, then each stream as an array written item by item. Must never build the whole in memory."""

import json
from typing import Any, BinaryIO

from connector.reports.document import Report


def write_json(report: Report, out: BinaryIO) -> None:
    """The report as one JSON object: the keys of `head`, then one array per stream."""
    out.write(b"{\n")
    parts = [f"{_dump(name)}: {_dump(value)}" for name, value in report.head.items()]
    out.write(",\n".join(parts).encode())
    first = not parts
    for name, stream in report.streams.items():
        out.write(b"" if first else b",\n")
        first = False
        out.write(f"{_dump(name)}: [".encode())
        for number, item in enumerate(stream()):
            out.write((",\n" if number else "\n").encode() + _dump(item).encode())
        out.write(b"\n]")
    out.write(b"\n}\n")


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
