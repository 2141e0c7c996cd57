"""Reading a portal into snapshots, in as few requests as it takes. Must never write to the portal, nor decide anything."""

from connector.reading.facts import read_facts
from connector.reading.leads import Progress, read_leads

__all__ = ["Progress", "read_facts", "read_leads"]
