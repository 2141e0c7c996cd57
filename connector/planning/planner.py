"""All leads of a plan, one after the other. Pure: snapshots in, plans out, nothing kept but who creates which client."""

from collections.abc import Iterable, Iterator

from .context import make_context
from .leadplan import plan_lead
from .model import LeadPlan, LeadSnapshot, PortalFacts
from .options import Options


def plan_stream(facts: PortalFacts, options: Options, leads: Iterable[LeadSnapshot]) -> Iterator[LeadPlan]:
    """Plan leads that come in the order of their IDs. A lead that comes twice is planned once; ValueError when the order is wrong,
    because then which lead of two creates their common client would depend on it."""
    context = make_context(facts, options)
    last = 0
    for lead in leads:
        if lead.id == last:
            continue
        if lead.id < last:
            raise ValueError(f"lead {lead.id} came after lead {last}")
        last = lead.id
        yield plan_lead(lead, context)


def plan_leads(facts: PortalFacts, options: Options, leads: Iterable[LeadSnapshot]) -> list[LeadPlan]:
    """Plan leads that come in any order; the plan is the same for every order."""
    return list(plan_stream(facts, options, sorted(leads, key=lambda lead: lead.id)))
