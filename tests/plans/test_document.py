"""The plan file: what is written is read back, and nothing else is accepted."""

import io
import json
from typing import Any

import pytest

from connector.errors import DigestMismatch, NotAPlan, PlanFormatUnknown, WrongPortal
from connector.planning.model import CrmMode, PlanHead, StageLink
from connector.plans import document

HEAD = PlanHead(
    portal="abc123",
    host="portal.example.com",
    to=CrmMode.SIMPLE,
    options={"to": "simple", "create": "both"},
    created="2026-11-23T09:00:00+00:00",
    stage_map=(StageLink("NEW", "Nowy", "C4:NEW", "Początek 🚀", "position"),),
    counts={"leads": 3},
)


def leads(count: int = 3) -> list[dict[str, Any]]:
    return [{"id": i, "title": f"Łódź {i}", "managed": [], "findings": []} for i in range(1, count + 1)]


def written() -> bytes:
    out = io.BytesIO()
    document.write(out, HEAD, leads())
    return out.getvalue()


def read_all(content: bytes, portal: str | None = None) -> tuple[document.PlanReader, list[dict[str, Any]]]:
    reader = document.read(io.BytesIO(content), portal)
    return reader, list(reader.leads())


def test_what_is_written_is_read_back() -> None:
    reader, found = read_all(written(), "abc123")
    assert reader.head == HEAD
    assert found == leads()
    assert reader.digest == json.loads(written().splitlines()[-1])["digest"]


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert written() == written()


def test_every_cut_is_noticed() -> None:
    content = written()
    for end in range(len(content)):
        with pytest.raises((NotAPlan, DigestMismatch)):
            read_all(content[: end or 0] if end != len(content) - 1 else content[: end - 1])


def test_a_changed_lead_does_not_fit_the_digest() -> None:
    with pytest.raises(DigestMismatch, match="line 5"):
        read_all(written().replace("Łódź 2".encode(), "Łódź 9".encode()))


def test_a_missing_lead_is_noticed() -> None:
    lines = written().splitlines(keepends=True)
    with pytest.raises(DigestMismatch, match="3 leads announced, 2 found"):
        read_all(b"".join(lines[:2] + lines[3:]))


def test_lines_after_the_summary_are_refused() -> None:
    with pytest.raises(DigestMismatch, match="line 6"):
        read_all(written() + b"{}\n")


def test_a_broken_line_is_named() -> None:
    lines = written().splitlines(keepends=True)
    lines[2] = b"{broken\n"
    with pytest.raises(NotAPlan, match="line 3 is not JSON"):
        read_all(b"".join(lines))


def test_a_lead_twice_is_refused() -> None:
    lines = written().splitlines(keepends=True)
    with pytest.raises(NotAPlan, match="line 4: lead 2 is there twice"):
        read_all(b"".join([*lines[:3], lines[2], *lines[3:]]))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"hello",
        b"[1,2]\n",
        b"\xff\xfe\x00",
        b'{"record":"lead","id":1}\n',
        b"PK\x03\x04",
        b'{"a":1}\n',
        b"[" * 9000,
    ],
)
def test_a_file_that_is_no_plan_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPlan, match=r"line 1|empty"):
        document.read(io.BytesIO(content))


def test_a_head_without_its_parts_is_refused() -> None:
    with pytest.raises(NotAPlan, match="line 1: the head"):
        document.read(io.BytesIO(b'{"record":"plan","format":"leadswitch.plan/1"}\n'))


def test_a_later_format_is_named() -> None:
    with pytest.raises(PlanFormatUnknown) as refused:
        document.read(io.BytesIO(b'{"record":"plan","format":"leadswitch.plan/2"}\n'))
    assert "leadswitch.plan/2" in refused.value.user_message()


def test_a_plan_of_another_portal_is_refused_before_its_leads_are_read() -> None:
    with pytest.raises(WrongPortal) as refused:
        document.read(io.BytesIO(written()), "other")
    assert "portal.example.com" in refused.value.user_message()
