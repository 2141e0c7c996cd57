"""Putting a lead back into its run for another try: which may be, and what is kept of the try before. Changes one row; asks nobody."""

from connector.store.models import RunLead
from connector.switching.calls import Row

_KEPT = ("plan", "shared", "swept", "replan", "replans")


def may_go_again(lead: RunLead, *, stale: bool) -> bool:
    """Whether a lead that failed, or with `stale` one that was skipped because it had changed, can be tried once more."""
    if lead.state == "skipped":
        return stale and lead.reason == "stale" and not _has_deal(lead.detail or {})
    return lead.state == "failed" and not _has_deal(lead.detail or {})


def put_back(lead: RunLead) -> None:
    """Pending again. Its journal lines have been taken back: a new round of keys, so that they are not taken for done. A lead that had
    changed is to be planned anew first (`sweep.replan_stale`).
    """
    detail = dict(lead.detail or {})
    if lead.state == "skipped":
        detail["replan"] = True
    kept: Row = {name: detail[name] for name in _KEPT if name in detail}
    lead.detail = {**kept, "round": int(detail.get("round", 1)) + 1}
    lead.state, lead.reason = "pending", ""


def _has_deal(detail: Row) -> bool:
    """Whether the deal of a lead that was taken back had to stay: another try would make a second one. Undo takes it away first."""
    return any(str(kept.get("what")).rpartition(":")[2] == "deal" for kept in detail.get("kept", ()))
