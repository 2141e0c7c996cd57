"""The marker by which records of ours are found again on a portal. Must never change: reconciling old runs relies on it."""

MARK = "leadswitch"


def mark(lead_id: int, ref: str) -> dict[str, str]:
    """`originatorId` and `originId` of the record that a lead becomes; `ref` is `deal`, `contact` or `company`."""
    return {"originatorId": MARK, "originId": f"lead:{lead_id}:{ref}"}
