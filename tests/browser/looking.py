"""What is wrong with a page as people meet it: what axe-core finds, and what sticks out of the window. Judges no content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Frame, Page

# What sticks out of the window on the right, innermost first; parts of what should scroll by itself only where nothing else does.
TOO_WIDE = """html => {
  if (html.scrollWidth <= html.clientWidth) return [];
  const out = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > html.clientWidth + 1);
  const plain = out.filter(e => !e.closest(".table-wrap, .tabs"));
  return (plain.length ? plain : out)
    .map(e => `${e.tagName}.${e.className.baseVal ?? e.className} ${e.textContent.trim().slice(0, 80)}`).reverse().slice(0, 5);
}"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"type": "tag", "values": TAGS}
# The two schemes differ in colours alone, so the second look asks only the rules about those.
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def violations(page: Page | Frame, rules: Mapping[str, Any]) -> list[str]:
    """What axe-core finds in a document, three places of each kind."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        "options => axe.run(document, options)", {"runOnly": rules, "resultTypes": ["violations"]}
    )
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]
