"""Signs a delivery with the secrets of this moment and posts it to its endpoint."""

from connector.store.models import Delivery, Endpoint
from webhooks.actions.tools import Tools
from webhooks.outbound.endpoints import signing_secrets
from webhooks.outbound.queue import Tried
from webhooks.outbound.sender import headers


def send(tools: Tools, row: Delivery) -> Tried:
    """One try. The body is that of the first one, time and signature are new, as the specification wants it."""
    with tools.db.read() as session:
        endpoint = session.get(Endpoint, row.endpoint_id)
    if endpoint is None or row.body is None:
        return Tried(False, "no-endpoint", final=True)
    now = tools.clock.now()
    url = str((endpoint.secrets or {})["url"])
    sent = tools.sender.post(url, row.body, headers(row.id, row.body, signing_secrets(endpoint, now), now))
    return Tried(
        sent.ok,
        sent.outcome,
        status=sent.status,
        answer=sent.answer,
        duration_ms=sent.duration_ms,
        wish=sent.wish,
    )
