"""Activities, their bindings, and comments of the timeline.

Sources: doc pages api-reference/crm/timeline/activities/**, timeline/bindings/*.md, timeline/comments/*.md.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connector.bitrix.records.base import Flag, Id, Map, MaybeId, Record, Text, When


class Activity(Record):
    """`crm.activity.list`. `type_id` 1 meeting, 2 call, 3 task, 4 e-mail, 5 calendar, 6 by provider; `owner_*` names
    the object that owns it, while it may be bound to more.
    """

    id: Id
    owner_id: Id
    owner_type_id: Id
    type_id: Id
    provider_id: Text = ""
    provider_type_id: Text = ""
    provider_group_id: Text = ""
    associated_entity_id: MaybeId = None
    subject: Text = ""
    created: When = None
    last_updated: When = None
    start_time: When = None
    end_time: When = None
    deadline: When = None
    completed: Flag
    status: MaybeId = None
    responsible_id: MaybeId = None
    author_id: MaybeId = None
    editor_id: MaybeId = None
    priority: MaybeId = None
    direction: MaybeId = None
    description: Text = ""
    description_type: MaybeId = None
    location: Text = ""
    originator_id: Text = ""
    origin_id: Text = ""
    settings: Map = Field(default_factory=dict)
    provider_params: Map = Field(default_factory=dict)


class Binding(Record):
    """A row of `crm.activity.binding.list`."""

    entity_type_id: Id
    entity_id: Id


class TimelineBinding(Record):
    """A row of `crm.timeline.bindings.list`; `owner_id` is the timeline record, `entity_type` a word like `deal`."""

    owner_id: Id
    entity_id: Id
    entity_type: Annotated[str, Field(min_length=1)]


class Comment(Record):
    """`crm.timeline.comment.list`. `files` by file id; its links carry a signature, never log them."""

    id: Id
    entity_id: MaybeId = None
    entity_type: Text = ""
    created: When = None
    comment: Text = ""
    author_id: MaybeId = None
    files: Map = Field(default_factory=dict)
