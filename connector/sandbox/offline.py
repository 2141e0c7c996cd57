"""The offline event queue: one record per handler, object and event, as the portal keeps it. Delivers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.clock import iso

if TYPE_CHECKING:
    from connector.sandbox.world import Event, World


def enqueue(world: World, event: Event) -> None:
    """Put the event into the queue of every offline handler for its code (event-offline pages: a change set)."""
    for handler in world.event_handlers:
        if not handler["offline"] or handler["event"] != event.code:
            continue
        if handler.get("connector") and handler["connector"] == event.actor.auth_connector:
            continue
        data = dict(event.fields) if event.flat else {"FIELDS": dict(event.fields)}
        for record in world.offline_queue:
            if (
                record["EVENT_NAME"] == event.code
                and record["client_id"] == handler["client_id"]
                and record["connector"] == handler.get("connector", "")
                and record["EVENT_DATA"] == data
                and not record["PROCESS_ID"]
            ):
                record["TIMESTAMP_X"] = iso(event.moment)
                break
        else:
            record_id = world.next_id("offline")
            world.offline_queue.append(
                {
                    "ID": record_id,
                    "TIMESTAMP_X": iso(event.moment),
                    "EVENT_NAME": event.code,
                    "EVENT_DATA": data,
                    "EVENT_ADDITIONAL": {"user_id": str(event.actor.user_id)},
                    "MESSAGE_ID": f"{world.seed:04x}{record_id:028x}",
                    "PROCESS_ID": "",
                    "ERROR": 0,
                    "client_id": handler["client_id"],
                    "connector": handler.get("connector", ""),
                }
            )
