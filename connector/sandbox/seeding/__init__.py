"""Fills an empty portal: the same seed gives the same records. Names are invented (see words.py)."""

from __future__ import annotations

from random import Random

from connector.sandbox.seeding import leads as _leads
from connector.sandbox.seeding import mixes, people, portal
from connector.sandbox.world import World


def seed_world(world: World, *, leads: int, mix: str = "") -> None:
    """Set the portal up and store clients and leads; `mix` A, B or C gives exact totals per lead instead."""
    random = Random(f"seed{world.seed}")  # noqa: S311
    with world.lock:
        portal.fill(world)
        people.seed(world, min(25_000, max(12, leads // 3)), random)
        if mix:
            mixes.seed(world, leads, mix, random)
        else:
            _leads.seed(world, leads, random)
        world.event_log.clear()
        world.automation_log.clear()
        world.caches.clear()
