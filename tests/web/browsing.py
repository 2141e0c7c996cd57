"""A person with a browser without scripts, over the WSGI app: reads forms out of pages, fills and posts them, follows redirects."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

VOID = {"input", "link", "meta", "img", "br", "hr", "path", "use", "rect", "circle"}


@dataclass
class Node:
    """An element with its attributes, its children and its text."""

    tag: str
    attributes: dict[str, str]
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def all(self, tag: str = "", **wanted: str) -> list[Node]:
        """Elements below this one, in order; `data_testid="x"` means the attribute `data-testid`."""
        found = []
        for child in self.children:
            fits = all(
                child.attributes.get(name.replace("_", "-")) == value for name, value in wanted.items()
            )
            if (not tag or child.tag == tag) and fits:
                found.append(child)
            found += child.all(tag, **wanted)
        return found

    @property
    def text(self) -> str:
        """All text below, blanks folded."""
        return " ".join(" ".join([*self.texts, *(child.text for child in self.children)]).split())


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Node("root", {})
        self.now = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self.now)
        self.now.children.append(node)
        if tag not in VOID:
            self.now = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.now.children.append(Node(tag, {name: value or "" for name, value in attrs}, self.now))

    def handle_endtag(self, tag: str) -> None:
        at: Node | None = self.now
        while at is not None and at.tag != tag:
            at = at.parent
        if at is not None and at.parent is not None:
            self.now = at.parent

    def handle_data(self, data: str) -> None:
        self.now.texts.append(data)


def parse(html: str) -> Node:
    """The page as a tree."""
    tree = _Tree()
    tree.feed(html)
    return tree.root


class Person:
    """Somebody with one page open. `post` and `press` change what is open."""

    def __init__(self, app: Flask, host: str = "localhost") -> None:
        self.client = app.test_client()
        self.host = host
        self.answer: TestResponse | None = None
        self.page = Node("root", {})
        self.sent: list[str] = []

    @property
    def html(self) -> str:
        """The source of the open page."""
        assert self.answer is not None
        return self.answer.get_data(as_text=True)

    @property
    def status(self) -> int:
        """The status of the open page."""
        assert self.answer is not None
        return self.answer.status_code

    def post(self, path: str, data: Any = None, **options: Any) -> Person:
        """Post fields and open what comes back; 307 posts the same fields again, as browsers do."""
        headers = {"Sec-Fetch-Site": "same-origin", **options.pop("headers", {})}
        for _ in range(5):
            self.sent.append(path)
            self.answer = self.client.post(
                path, data=data, headers=headers, base_url=f"http://{self.host}", **options
            )
            if self.answer.status_code != 307:
                break
            path = urlsplit(self.answer.headers["Location"]).path
        self.page = parse(self.html) if self.answer.mimetype == "text/html" else Node("root", {})
        return self

    def press(self, testid: str, **fill: Any) -> Person:
        """Fill the form of a button and press it."""
        button = self.find(testid)
        form: Node | None = button
        while form is not None and form.tag != "form":
            form = form.parent
        assert form is not None, f"{testid} is in no form"
        assert form.attributes["method"] == "post"
        fields = values_of(form)
        for name, value in fill.items():
            fields.setlist(name.replace("__", "."), value if isinstance(value, list) else [value])
        if "name" in button.attributes:
            fields[button.attributes["name"]] = button.attributes.get("value", "")
        return self.post(button.attributes.get("formaction") or form.attributes["action"], fields)

    def find(self, testid: str) -> Node:
        """The element with this test id."""
        found = self.page.all(data_testid=testid)
        assert found, f"no {testid} on this page: {self.page.text[:600]}"
        return found[0]

    def has(self, testid: str) -> bool:
        """Whether there is such an element."""
        return bool(self.page.all(data_testid=testid))

    @property
    def signed_in(self) -> bool:
        """Whether the open page carries a token."""
        return any(field.attributes.get("value") for field in self.page.all("input", name="session"))

    @property
    def token(self) -> str:
        """The bearer of the open page."""
        return self.page.all("input", name="session")[0].attributes["value"]


def values_of(form: Node) -> MultiDict[str, str]:
    """What a browser would post."""
    fields: MultiDict[str, str] = MultiDict()
    for one in form.all():
        name, kind = one.attributes.get("name", ""), one.attributes.get("type", "")
        if not name or "disabled" in one.attributes:
            continue
        if one.tag == "input" and (kind not in ("radio", "checkbox") or "checked" in one.attributes):
            fields.add(name, one.attributes.get("value", "on" if kind == "checkbox" else ""))
        if one.tag == "select":
            options = one.all("option")
            chosen = [o for o in options if "selected" in o.attributes] or options[:1]
            for option in chosen:
                fields.add(name, option.attributes.get("value", option.text))
    return fields
