"""The description of the API needs no key, is whole, and points only at what is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from connector.web.api.docs import problems
from connector.web.api.operation import OPERATIONS
from connector.web.api.problem import STATUS
from tests.web.browsing import parse
from tests.web.conftest import Stage

PAGE = Path(__file__).resolve().parents[3] / "docs" / "api.md"


def test_the_page_and_the_document_describe_every_operation(stage: Callable[..., Stage]) -> None:
    client = stage(leads=1).app.test_client()
    answer = client.get("/api/docs")
    tree = parse(answer.text)
    ids = {node.attributes["id"] for node in tree.all() if "id" in node.attributes}
    assert set(OPERATIONS) <= ids
    targets = {
        node.attributes["href"][1:]
        for node in tree.all("a")
        if node.attributes.get("href", "").startswith("#")
    }
    assert targets - ids == set()
    assert not re.search(r"(src|href|action)=.?(https?:)?//", answer.text)
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    document = client.get("/api/openapi.json").json
    assert document is not None
    described = {one["operationId"] for methods in document["paths"].values() for one in methods.values()}
    assert described == set(OPERATIONS)
    assert document["openapi"].startswith("3.1")


def test_every_kind_of_refusal_has_its_place_on_the_page(stage: Callable[..., Stage]) -> None:
    page = parse(stage(leads=1).app.test_client().get("/api/docs").text)
    rows = {node.attributes.get("id"): node.text for node in page.all("tr")}
    for one in problems():
        assert str(one.status) in rows[one.key]
    assert {kind.key for kind, _ in STATUS} <= set(rows)


def test_docs_api_md_names_addresses_and_keys_that_exist() -> None:
    text = PAGE.read_text(encoding="utf-8")
    known = {one.path for one in OPERATIONS.values()}
    for path in set(re.findall(r"\$APP/api/v1(/[a-z/$-]*)", text)):
        shape = re.sub(r"\$[a-z]+", "<>", path)
        assert any(re.sub(r"<[a-z:_]+>", "<>", one) == shape for one in known), path
    keys = {one.key for one in problems()}
    assert set(re.findall(r"`(api\.[a-z._]+)`", text)) <= keys
