"""What a run that is at work waits for just now, in a sentence: the portal's request limit, or a method whose working time is used up.

Shared by pages and shell. Says what the budget tables tell; works nothing out.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from connector.i18n import _


def limit_text(waits: Mapping[str, Any], clock: Callable[[datetime], str]) -> str:
    """The sentence for `{"what": operating | bucket, …}`; empty for anything else. `clock` shows a moment as hours and minutes."""
    if waits.get("what") == "operating":
        until = clock(datetime.fromtimestamp(float(waits["until"]), UTC))
        return _(
            "%(method)s has used up its working time on this portal; it goes on at %(time)s.",
            method=waits["method"],
            time=until,
        )
    if waits.get("what") != "bucket":
        return ""
    if waits.get("refused"):
        return _(
            "The portal has refused requests: others use its limit, too. Leadswitch goes slower for a while."
        )
    return _("The portal's limit of requests sets the pace.")
