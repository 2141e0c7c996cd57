"""The REST log: one masked line for every request to a portal, kept for the days that `rest_log_days` says, as the Market demands.

Must never hold a secret or a client's data, and never fail a request.
"""

import logging

from connector.bitrix.wire import Exchange, Observer
from connector.clock import Clock
from connector.portals.restmask import answer_of, request_of
from connector.store.database import Database

log = logging.getLogger(__name__)


def rest_observer(db: Database, portal_id: int, clock: Clock) -> Observer:
    """What the wire tells of each request of this portal; `webhooks.upkeep` lets old lines go."""

    def observe(exchange: Exchange) -> None:
        try:
            db.rest_log.add(_line(exchange, portal_id, clock))
        except Exception:
            log.exception("a line of the REST log was lost")

    return observe


def _line(exchange: Exchange, portal_id: int, clock: Clock) -> dict[str, object]:
    reply, error = exchange.reply, exchange.error
    return {
        "portal_id": portal_id,
        "at": clock.now(),
        "method": exchange.method,
        "http_status": error.http_status if error is not None else 200,
        "code": "" if error is None else error.code or error.key,
        "request_id": error.request_id
        if error is not None
        else reply.request_id
        if reply is not None
        else "",
        "duration_ms": round(exchange.seconds * 1000),
        "request": request_of(exchange),
        "answer": answer_of(exchange),
    }
