"""Every REST method that we use, and what repeating it would do. Data only; sends nothing.

A method that is not in the table counts as a write that must not be repeated, so forgetting a row is safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What happens when the same call reaches the portal twice."""

    READ = "read"  # nothing
    IDEMPOTENT_WRITE = "idempotent_write"  # the end state is the same as after once
    WRITE = "write"  # a second record, message or binding: never re-sent without proof that it did not run


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One method. `rows` is where a list keeps its rows (path inside `result`, empty = result itself), `id` the name of
    the id in rows, filter and order. `done` are codes that, on a repeat after a lost answer, say that the first
    attempt had succeeded (an already bound binding, an already deleted record).
    """

    kind: Kind
    rows: tuple[str, ...] = ()
    id: str = "ID"
    done: frozenset[str] = field(default_factory=frozenset)


_READ = CallSpec(Kind.READ)
_SAME = CallSpec(Kind.IDEMPOTENT_WRITE)
_ONCE = CallSpec(Kind.WRITE)


def _list(*rows: str, id: str = "ID") -> CallSpec:
    return CallSpec(Kind.READ, rows=rows, id=id)


def _gone(*codes: str) -> CallSpec:
    """An idempotent write whose repeat answers with one of these codes when the first attempt went through."""
    return CallSpec(Kind.IDEMPOTENT_WRITE, done=frozenset(code.casefold() for code in codes))


_DELETE = _gone("NOT_FOUND", "ERROR_NOT_FOUND", "sentence:missing")

METHODS: Mapping[str, CallSpec] = MappingProxyType(
    {
        # portal, user, settings
        "app.info": _READ,
        "app.option.get": _READ,
        "app.option.set": _SAME,
        "user.option.get": _READ,
        "user.option.set": _SAME,
        "profile": _READ,
        "user.current": _READ,
        "user.admin": _READ,
        "user.access": _READ,
        "user.get": _list(),
        "user.search": _list(),
        "scope": _READ,
        "method.get": _READ,
        "methods": _READ,
        "feature.get": _READ,
        "server.time": _READ,
        "events": _READ,
        "event.get": _READ,
        "event.bind": _ONCE,
        "event.unbind": _SAME,
        "event.test": _ONCE,
        "event.offline.list": _list(),
        "event.offline.get": _ONCE,
        "placement.list": _READ,
        "placement.get": _READ,
        "placement.bind": _ONCE,
        "placement.unbind": _SAME,
        # CRM mode and dictionaries
        "crm.settings.mode.get": _READ,
        "crm.enum.settings.mode": _READ,
        "crm.enum.ownertype": _READ,
        "crm.status.list": _list(),
        "crm.status.entity.types": _READ,
        "crm.status.entity.items": _READ,
        "crm.status.get": _READ,
        "crm.status.fields": _READ,
        "crm.status.add": _ONCE,
        "crm.status.update": _SAME,
        "crm.status.delete": _DELETE,
        "crm.category.list": _list("categories", id="id"),
        "crm.category.get": _READ,
        "crm.category.fields": _READ,
        "crm.category.add": _ONCE,
        "crm.category.update": _SAME,
        "crm.category.delete": _DELETE,
        "crm.currency.list": _list(id="CURRENCY"),
        "crm.currency.base.get": _READ,
        # leads, deals, contacts, companies
        **{
            f"crm.{entity}.{verb}": spec
            for entity in ("lead", "deal", "contact", "company")
            for verb, spec in (
                ("list", _list()),
                ("get", _READ),
                ("fields", _READ),
                ("add", _ONCE),
                ("update", _SAME),
                ("delete", _DELETE),
                ("userfield.list", _list()),
                ("userfield.get", _READ),
                ("userfield.add", _ONCE),
                ("userfield.update", _SAME),
                ("userfield.delete", _DELETE),
            )
        },
        **{
            f"crm.{pair}.{verb}": spec
            for pair in ("lead.contact", "deal.contact", "contact.company", "company.contact")
            for verb, spec in (
                ("items.get", _READ),
                ("items.set", _SAME),
                ("items.delete", _SAME),
                ("fields", _READ),
                ("add", _SAME),
                ("delete", _SAME),
            )
        },
        "crm.item.list": _list("items", id="id"),
        "crm.item.get": _READ,
        "crm.item.fields": _READ,
        "crm.item.add": _ONCE,
        "crm.item.update": _SAME,
        "crm.item.delete": _DELETE,
        "crm.item.import": _ONCE,
        "crm.item.batchImport": _ONCE,
        "crm.duplicate.findbycomm": _READ,
        "crm.stagehistory.list": _list("items"),
        # product rows
        "crm.item.productrow.list": _list("productRows", id="id"),
        "crm.item.productrow.get": _READ,
        "crm.item.productrow.fields": _READ,
        "crm.item.productrow.set": _SAME,
        "crm.item.productrow.add": _ONCE,
        "crm.item.productrow.update": _SAME,
        "crm.item.productrow.delete": _DELETE,
        "crm.lead.productrows.get": _READ,
        "crm.lead.productrows.set": _SAME,
        "crm.deal.productrows.get": _READ,
        "crm.deal.productrows.set": _SAME,
        # custom fields
        "userfieldconfig.list": _list("fields", id="id"),
        "userfieldconfig.get": _READ,
        "userfieldconfig.add": _ONCE,
        "userfieldconfig.delete": _DELETE,
        # activities and timeline
        "crm.activity.list": _list(),
        "crm.activity.get": _READ,
        "crm.activity.fields": _READ,
        "crm.activity.add": _ONCE,
        "crm.activity.update": _SAME,
        "crm.activity.delete": _DELETE,
        "crm.activity.todo.add": _ONCE,
        "crm.activity.todo.update": _SAME,
        "crm.activity.binding.list": _READ,
        "crm.activity.binding.add": _gone("ACTIVITY_IS_ALREADY_BOUND"),
        "crm.activity.binding.delete": _gone("BINDING_NOT_FOUND"),
        "crm.activity.binding.move": _gone("BINDING_NOT_FOUND", "ACTIVITY_IS_ALREADY_BOUND"),
        "crm.timeline.comment.list": _list(),
        "crm.timeline.comment.get": _READ,
        "crm.timeline.comment.add": _ONCE,
        "crm.timeline.comment.update": _SAME,
        "crm.timeline.comment.delete": _DELETE,
        "crm.timeline.bindings.list": _READ,
        "crm.timeline.bindings.bind": _SAME,
        "crm.timeline.bindings.unbind": _SAME,
        "crm.timeline.logmessage.add": _ONCE,
        "crm.timeline.logmessage.list": _READ,
        "crm.timeline.logmessage.delete": _DELETE,
        # requisites and addresses
        "crm.requisite.list": _list(),
        "crm.requisite.get": _READ,
        "crm.requisite.add": _ONCE,
        "crm.requisite.update": _SAME,
        "crm.requisite.delete": _DELETE,
        "crm.requisite.fields": _READ,
        "crm.requisite.preset.list": _list(),
        "crm.requisite.link.list": _READ,
        "crm.requisite.link.get": _READ,
        "crm.requisite.link.register": _SAME,
        "crm.requisite.bankdetail.list": _list(),
        "crm.address.list": _READ,
        "crm.address.fields": _READ,
        "crm.address.add": _gone("TypeAddress exists"),
        "crm.address.update": _SAME,
        "crm.address.delete": _gone("TypeAddress not found"),
        # automation, tasks, messages, feed
        "crm.automation.trigger": _ONCE,
        "crm.automation.trigger.add": _SAME,
        "crm.automation.trigger.list": _READ,
        "crm.automation.trigger.execute": _ONCE,
        "crm.automation.trigger.delete": _DELETE,
        "bizproc.workflow.instances": _list(),
        "bizproc.workflow.start": _ONCE,
        "bizproc.workflow.template.list": _list(),
        "bizproc.event.send": _SAME,
        "bizproc.robot.list": _READ,
        "bizproc.robot.add": _ONCE,
        "bizproc.robot.update": _SAME,
        "bizproc.robot.delete": _DELETE,
        "tasks.task.list": _list("tasks", id="id"),
        "tasks.task.get": _READ,
        "tasks.task.update": _SAME,
        "imopenlines.config.list.get": _READ,
        "telephony.externalLine.get": _READ,
        "im.notify": _ONCE,
        "im.notify.personal.add": _ONCE,
        "im.notify.system.add": _ONCE,
        "log.blogpost.add": _ONCE,
        "main.eventlog.list": _READ,
        "main.eventlog.tail": _READ,
    }
)

_BY_NAME: Mapping[str, CallSpec] = {name.casefold(): spec for name, spec in METHODS.items()}


def spec_of(method: str) -> CallSpec:
    """The row of a method, any letter case; an unknown one is a write that must not be repeated."""
    return _BY_NAME.get(method.casefold(), _ONCE)


def kind_of(method: str) -> Kind:
    """Read, idempotent write, or write that must not be repeated."""
    return spec_of(method).kind
