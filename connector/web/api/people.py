"""Who may switch besides administrators. Must never name anybody: that stays with administrators in the app."""

from datetime import datetime

from pydantic import Field

from connector.portals import rights
from connector.portals.api_keys import Scope
from connector.web.api.caller import caller
from connector.web.api.operation import operation
from connector.web.api.shapes import Shape
from connector.web.context import web


class Person(Shape):
    """An employee whom an administrator has named."""

    id: int
    name: str
    by: str = Field(description="The administrator.")
    at: datetime


class People(Shape):
    """Everybody who was named, the earliest first."""

    data: list[Person]


@operation("GET", "/people", tag="people", scope=Scope.PEOPLE_READ, answer=People)
def list_people() -> People:
    """Employees who may switch besides administrators."""
    named = rights.named_users(web().db, caller().portal.id)
    return People(
        data=[Person(id=p.id, name=p.name, by=p.by, at=datetime.fromisoformat(p.at)) for p in named]
    )
