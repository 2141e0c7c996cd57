"""Binds on the portal exactly what the app card names: events and placements, no more, no less. Doing it again changes nothing.

Bitrix24 drops handlers when the app is updated (event-bind.md), so this runs in every version's installer.
"""

from dataclasses import dataclass

import structlog

from connector.bitrix.client import BitrixClient
from connector.bitrix.records.portal import EventHandler
from connector.bitrix.records.portal import Placement as BoundPlacement
from connector.errors import AccessDenied, MethodError
from connector.i18n import LANGUAGES
from connector.portals.manifest import Manifest, Placement

FALLBACK_LANGUAGE = "en"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """One handler on the portal; `kind` is event, offline or placement. Events have no title, offline ones no address: the portal keeps
    them until they are fetched.
    """

    kind: str
    code: str
    handler: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """The portal against the card: what is bound and should not be, what should be and is not, and which placements the
    portal does not offer at all.
    """

    surplus: tuple[Binding, ...]
    absent: tuple[Binding, ...]
    missing: tuple[str, ...]

    @property
    def none(self) -> bool:
        """Whether portal and card agree, as far as the portal can."""
        return not self.surplus and not self.absent


def compare(client: BitrixClient, manifest: Manifest, base_url: str) -> Difference:
    """Changes nothing. Needs an administrator's token in application context; `base_url` has no slash at its end."""
    offered = {code.upper() for code in map(str, _rows(client.call("placement.list").result))}
    missing = {place.code for place in manifest.placements if offered and place.code not in offered}
    events = {Binding("event", event.value, base_url + manifest.urls.events) for event in manifest.events}
    offline = {Binding("offline", event.value, "") for event in manifest.offline_events}
    wanted = (events | offline) | {
        Binding("placement", place.code, base_url + place.path, place.title[FALLBACK_LANGUAGE])
        for place in manifest.placements
        if place.code not in missing
    }
    there = _events(client) | _placements(client)
    return Difference(tuple(sorted(there - wanted)), tuple(sorted(wanted - there)), tuple(sorted(missing)))


def bind_all(client: BitrixClient, manifest: Manifest, base_url: str) -> Difference:
    """Make the portal agree with the card, and say what that took.

    Raises what `BitrixClient.call` raises; what was bound before that stays, and the next call completes it.
    """
    difference = compare(client, manifest, base_url)
    places = {place.code: place for place in manifest.placements}
    for binding in difference.surplus:
        if binding.kind != "placement":
            client.call("event.unbind", _event_params(binding))
        else:
            client.call("placement.unbind", {"PLACEMENT": binding.code, "HANDLER": binding.handler})
    for binding in difference.absent:
        if binding.kind == "offline":
            _bind_offline(client, binding)
        elif binding.kind == "event":
            client.call("event.bind", _event_params(binding))
        else:
            client.call("placement.bind", _placement_params(binding, places[binding.code]))
    return difference


def _event_params(binding: Binding) -> dict[str, object]:
    if binding.kind == "offline":
        return {"event": binding.code, "event_type": "offline"}
    return {"event": binding.code, "handler": binding.handler}


def _bind_offline(client: BitrixClient, binding: Binding) -> None:
    """A queue for missed events is good to have; a portal that offers none is served without."""
    try:
        client.call("event.bind", _event_params(binding))
    except (AccessDenied, MethodError) as refused:
        log.info("no offline events", code=refused.code)


def _placement_params(binding: Binding, place: Placement) -> dict[str, object]:
    titles = {LANGUAGES[language].bitrix[0]: {"TITLE": title} for language, title in place.title.items()}
    return {
        "PLACEMENT": binding.code,
        "HANDLER": binding.handler,
        "TITLE": binding.title,
        "LANG_ALL": titles,
    }


def _events(client: BitrixClient) -> set[Binding]:
    rows = [EventHandler.model_validate(row) for row in _rows(client.call("event.get").result)]
    return {
        Binding("offline", row.event.upper(), "")
        if row.offline
        else Binding("event", row.event.upper(), row.handler)
        for row in rows
    }


def _placements(client: BitrixClient) -> set[Binding]:
    rows = [BoundPlacement.model_validate(row) for row in _rows(client.call("placement.get").result)]
    return {Binding("placement", row.placement.upper(), row.handler, row.title) for row in rows}


def _rows(result: object) -> list[object]:
    return result if isinstance(result, list) else []
