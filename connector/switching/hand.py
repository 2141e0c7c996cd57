"""What a program holds of its lead while it works. Holds; asks and sends nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from connector.planning.model import LeadPlan
from connector.switching.calls import Part
from connector.switching.parts import Problem


@dataclass(slots=True)
class Hand:
    """What a program holds of its lead while it works: the plan, the run's tag, and the ids that its steps yielded so far.

    `comments` are the timeline comments found by the last look, `moved` the activities that the plan did not know. `quiet`: records are
    imported, which starts no automation on them. `made`: entity → step and planned fields of what this lead itself created.
    """

    plan: LeadPlan
    tag: str
    ids: dict[str, int] = field(default_factory=dict)
    preset: int = 0
    comments: list[int] = field(default_factory=list)
    moved: set[int] = field(default_factory=set)
    quiet: bool = False
    made: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def lead_id(self) -> int:
        return self.plan.id

    def marker(self, key: str) -> str:
        """`originId` of what this step creates: run, lead, step."""
        return f"{self.tag}:lead:{self.plan.id}:{key}"


Doing: TypeAlias = Part[Problem | None]
