"""Words of the automation pages as tables: events, conditions, actions, states, reasons. Data only; translated where they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.i18n import N_
from connector.occurrences import Kind, Level

EVENTS: Mapping[str, str] = {
    Kind.MODE_CHANGED: N_("The CRM mode has changed"),
    Kind.PLAN_READY: N_("A dry run is ready"),
    Kind.SWITCH_STARTED: N_("A switch has begun"),
    Kind.SWITCH_PAUSED: N_("A switch is paused"),
    Kind.SWITCH_COMPLETED: N_("A switch is complete"),
    Kind.SWITCH_FAILED: N_("A switch has failed"),
    Kind.SWITCH_CANCELLED: N_("A switch was cancelled"),
    Kind.SWITCH_UNDONE: N_("A switch was taken back"),
    Kind.LEAD_LEFT_BEHIND: N_("Leads were left behind"),
    Kind.LEAD_AUTOCONVERTED: N_("Bitrix24 has converted a new lead by itself"),
    Kind.PORTAL_DISCONNECTED: N_("Leadswitch has lost its access"),
    "leadswitch.test": N_("A test"),
    "endpoint.disabled": N_("An endpoint was switched off"),
}
LEVELS: Mapping[str, str] = {
    Level.INFO: N_("anything"),
    Level.WARNING: N_("a warning or worse"),
    Level.DATA_LOSS: N_("lost data or worse"),
    Level.ERROR: N_("an error"),
}
ACTIONS: Mapping[str, tuple[str, str]] = {
    "webhook": (N_("Send a webhook"), "link"),
    "notify": (N_("Notify employees in Bitrix24"), "comment"),
    "workflow": (N_("Start a workflow on each created deal"), "activity"),
    "trigger": (N_("Fire the trigger “Created by Leadswitch” on each created deal"), "flag"),
    "dry_run": (N_("Make a dry run"), "play"),
}
NOTICED: Mapping[str, str] = {
    "run": N_("noticed by a switch"),
    "watch": N_("noticed by the watch"),
    "event": N_("noticed through an event"),
    "shell": N_("noticed on the command line"),
}
CONDITIONS: Mapping[str, str] = {
    "from": N_("mode before"),
    "to": N_("mode after"),
    "severity": N_("severity"),
    "ours": N_("changed by Leadswitch"),
    "kind": N_("kind of run"),
    "counts": N_("number"),
}
RUNS: Mapping[str, str] = {
    "apply": N_("a switch"),
    "undo": N_("taking it back"),
    "native": N_("a watched switch of Bitrix24"),
}


@dataclass(frozen=True, slots=True)
class State:
    """How a state is shown."""

    text: str
    tone: str
    icon: str


DELIVERY_STATES: Mapping[str, State] = {
    "pending": State(N_("Waiting"), "info", "clock"),
    "done": State(N_("Delivered"), "ok", "check"),
    "failed": State(N_("Failed"), "error", "error"),
    "dropped": State(N_("Not sent"), "warning", "ban"),
}
ENDPOINT_STATES: Mapping[str, State] = {
    "active": State(N_("On"), "ok", "check"),
    "failing": State(N_("Does not answer as it should"), "warning", "warning"),
    "disabled": State(N_("Off"), "warning", "ban"),
}
REASONS: Mapping[str, str] = {
    "by-hand": N_("Switched off by an administrator."),
    "gone": N_("The receiver says that it is gone (410)."),
    "failing": N_("It has taken nothing for days, so it was switched off."),
    "endpoint-disabled": N_("The endpoint is switched off."),
    "no-endpoint": N_("The endpoint was deleted."),
    "refused": N_("It was refused."),
    "redirected": N_("The receiver redirects; redirects are not followed."),
    "throttled": N_("The receiver asks for less."),
    "silent": N_("There was no answer in time."),
    "blocked": N_("The address leads into a private network."),
    "failed": N_("The connection failed."),
    "partly": N_("Not on all deals; details below."),
    "no-access": N_("Leadswitch has no access to Bitrix24 just now."),
    "fault": N_("A fault of ours; it is logged."),
    "ok": N_("Taken."),
}
NATIVE: Mapping[str, str] = {
    "robot": N_("Automation rule “Read the CRM mode”"),
    "trigger": N_("Trigger “Created by Leadswitch”"),
}
SAMPLE_ORDER: tuple[Kind, ...] = tuple(Kind)
