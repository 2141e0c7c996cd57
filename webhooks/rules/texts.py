"""What an event says to people: the text of notifications and of webhooks to chats, one or two sentences in the language that is spoken."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from connector.i18n import N_, _, ngettext, number
from connector.occurrences import (
    Data,
    Kind,
    LeadAutoconverted,
    LeadLeftBehind,
    ModeChanged,
    PlanReady,
    PortalDisconnected,
    Switch,
)

MODES: Mapping[str, str] = MappingProxyType({"classic": N_("Classic CRM"), "simple": N_("Simple CRM")})
_ENDS: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        Kind.SWITCH_STARTED: (N_("The switch to %(mode)s has begun."), N_("Taking a switch back has begun.")),
        Kind.SWITCH_PAUSED: (N_("The switch to %(mode)s is paused."), N_("Taking a switch back is paused.")),
        Kind.SWITCH_COMPLETED: (N_("The switch to %(mode)s is complete."), ""),
        Kind.SWITCH_FAILED: (
            N_("The switch to %(mode)s has stopped with an error."),
            N_("Taking a switch back has stopped with an error."),
        ),
        Kind.SWITCH_CANCELLED: (
            N_("The switch to %(mode)s was cancelled."),
            N_("Taking a switch back was cancelled."),
        ),
        Kind.SWITCH_UNDONE: ("", N_("A switch was taken back.")),
    }
)


def tell(kind: Kind, data: Data, host: str) -> str:
    """The sentences; `host` names the portal."""
    told = _TOLD[type(data)](kind, data)
    return f"{host}: {told}"


def _mode(kind: Kind, data: Data) -> str:  # noqa: ARG001
    assert isinstance(data, ModeChanged)
    said = _(
        "The CRM mode has changed from %(old)s to %(new)s.", old=_(MODES[data.from_]), new=_(MODES[data.to])
    )
    return said if data.run else " ".join((said, _("It was not changed by Leadswitch.")))


def _plan(kind: Kind, data: Data) -> str:  # noqa: ARG001
    assert isinstance(data, PlanReady)
    leads = ngettext("%(n)s lead", "%(n)s leads", data.leads)
    errors = data.findings.get("error", 0)
    said = _("A dry run for %(mode)s is ready: %(leads)s.", mode=_(MODES[data.to]), leads=leads)
    if not errors:
        return said
    stops = ngettext("%(n)s finding stops something.", "%(n)s findings stop something.", errors)
    return f"{said} {stops}"


def _switch(kind: Kind, data: Data) -> str:
    assert isinstance(data, Switch)
    text = _ENDS[kind][data.kind == "undo"]
    counts = _("Done: %(done)s of %(all)s leads.", done=number(data.done), all=number(data.leads))
    return _(text, mode=_(MODES[data.to])) + ("" if kind is Kind.SWITCH_STARTED else f" {counts}")


def _left(kind: Kind, data: Data) -> str:  # noqa: ARG001
    assert isinstance(data, LeadLeftBehind)
    return ngettext("%(n)s lead was left behind.", "%(n)s leads were left behind.", data.count)


def _converted(kind: Kind, data: Data) -> str:  # noqa: ARG001
    assert isinstance(data, LeadAutoconverted)
    return _("Bitrix24 has converted the new lead %(id)s by itself.", id=data.lead)


def _gone(kind: Kind, data: Data) -> str:  # noqa: ARG001
    assert isinstance(data, PortalDisconnected)
    return _("Leadswitch has lost its access to this portal.")


_TOLD: Mapping[type[Data], Callable[[Kind, Data], str]] = MappingProxyType(
    {
        ModeChanged: _mode,
        PlanReady: _plan,
        Switch: _switch,
        LeadLeftBehind: _left,
        LeadAutoconverted: _converted,
        PortalDisconnected: _gone,
    }
)
