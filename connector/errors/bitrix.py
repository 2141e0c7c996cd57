"""Errors of calls to Bitrix24: transport, limits, methods, batches, lists. The tree is drawn in the package."""

from __future__ import annotations

from collections.abc import Mapping

from connector.errors.base import N_, LeadswitchError, Ran, Who
from connector.redact import redact_text


class BitrixError(LeadswitchError):
    """A call to Bitrix24 did not succeed.

    `portal` is the host as shown to people; `code` is Bitrix24's own, as sent (may be empty); `request_id` is the
    portal's own, for its support; `ran` says whether the call may have taken effect.
    """

    key = "bitrix"
    what = N_("Bitrix24 refused %(method)s on %(portal)s.")
    kept = N_("Nothing was changed by this call.")
    todo = N_("Try again; if it stays, report it together with the code %(code)s.")
    ran: Ran = Ran.NO

    def __init__(
        self,
        message: str = "",
        *,
        portal: str = "",
        method: str = "",
        code: str = "",
        http_status: int | None = None,
        request_id: str = "",
        description: str = "",
        key: str | None = None,
        who: Who | None = None,
        ran: Ran | None = None,
        **details: object,
    ) -> None:
        self.portal = redact_text(portal)
        self.method = method
        self.code = redact_text(code)
        self.http_status = http_status
        self.request_id = redact_text(request_id)
        self.description = redact_text(description)
        if key is not None:
            self.key = key  # one row of the policy table may be finer than its class
        if who is not None:
            self.who = who
        if ran is not None:
            self.ran = ran
        super().__init__(
            message,
            portal=portal,
            method=method,
            code=code or (str(http_status) if http_status else "–"),
            http_status=http_status,
            request_id=request_id,
            description=description,
            **details,
        )

    def __str__(self) -> str:
        facts = [self.method, self.code or None, f"HTTP {self.http_status}" if self.http_status else None]
        facts.append(f"request {self.request_id}" if self.request_id else None)
        head = " ".join(fact for fact in facts if fact)
        text = self.message or self.description or (self.what % self.params())
        return f"{self.portal}: {head}: {text}" if head else f"{self.portal}: {text}"


class TransportError(BitrixError):
    """No usable answer arrived."""

    key = "transport"
    who = Who.NOBODY
    what = N_("The portal %(portal)s could not be reached.")
    todo = N_("Check the connection and the portal, then try again.")


class NotSent(TransportError):
    """No connection was made, so the call certainly did not run."""

    key = "transport.not_sent"


class CertificateInvalid(NotSent):
    """The certificate of the portal does not check out, so nothing was sent."""

    key = "transport.certificate"
    who = Who.ADMINISTRATOR
    what = N_("The certificate of %(portal)s is not valid.")
    todo = N_("Check the address; on a self-hosted portal, renew the certificate.")


class AnswerLost(TransportError):
    """The call was sent, and the connection ended or timed out before the answer: it may have run."""

    key = "transport.answer_lost"
    what = N_("The answer of %(portal)s to %(method)s did not arrive.")
    kept = N_("It is not known whether the portal carried it out; nothing is repeated blindly.")
    todo = N_("Leadswitch looks first whether it was carried out, then goes on.")
    ran = Ran.MAYBE


class BadAnswer(TransportError):
    """The body was HTML, empty, truncated, oversized, or not a Bitrix24 answer."""

    key = "transport.bad_answer"
    what = N_("%(portal)s did not send a Bitrix24 answer to %(method)s.")
    kept = N_("It is not known whether the portal carried it out; nothing is repeated blindly.")
    todo = N_("Check that the address is the portal's own and that it opens in a browser.")
    ran = Ran.MAYBE


class ServerFault(TransportError):
    """The portal answered with a server error (5xx)."""

    key = "transport.server_fault"
    who = Who.BITRIX24
    what = N_("The portal %(portal)s had an internal error in %(method)s.")
    kept = N_("It is not known whether the portal carried it out; nothing is repeated blindly.")
    todo = N_("Try again later; if it stays, contact Bitrix24 support.")
    ran = Ran.MAYBE


class PortalMoved(TransportError):
    """The portal answered 302 and nobody trustworthy has named the new address. Nothing was sent there."""

    key = "transport.portal_moved"
    who = Who.USER
    what = N_("The portal %(portal)s now answers at %(location)s.")
    kept = N_("Nothing was sent to the new address.")
    todo = N_("If that is your portal, connect it again under the new address.")


class LimitError(BitrixError):
    """The portal asks for less. `asked` is False if we did not even ask, because waiting would have taken too long."""

    asked = True

    key = "limit"
    who = Who.NOBODY
    what = N_("The portal %(portal)s is limiting requests.")
    todo = N_("Leadswitch waits and goes on by itself.")


class RateLimited(LimitError):
    """The leaky bucket is full (503 QUERY_LIMIT_EXCEEDED); refused before it ran."""

    key = "limit.rate"


class MethodTimeLimit(LimitError):
    """This method has used up its operating time (429 OPERATION_TIME_LIMIT); refused before it ran."""

    key = "limit.operating"
    what = N_("%(method)s has used up its working time on %(portal)s for now.")


class PortalBlocked(LimitError):
    """Bitrix24 has blocked the REST interface of this portal by hand (503 OVERLOAD_LIMIT)."""

    key = "limit.blocked"
    who = Who.BITRIX24
    what = N_("Bitrix24 has blocked the interface of %(portal)s because of overload.")
    todo = N_("Contact Bitrix24 support; then resume.")


class MethodError(BitrixError):
    """The method checked its input and refused."""

    key = "method"
    who = Who.USER
    what = N_("Bitrix24 refused %(method)s: %(description)s")
    todo = N_("Correct the data named here and try again.")


class RecordNotFound(MethodError):
    """No such record, or it is hidden from this user."""

    key = "method.not_found"
    what = N_("%(method)s found no such record on %(portal)s.")
    todo = N_("It was deleted, or the user behind our access may not see it.")


class MethodUnknown(MethodError):
    """This portal has no such method."""

    key = "method.unknown"
    who = Who.US
    what = N_("The portal %(portal)s has no method %(method)s.")
    todo = N_("Self-hosted portals need an update; otherwise report this to the makers of Leadswitch.")


class BatchError(BitrixError):
    """Commands of a batch failed. `failures` maps their labels to their errors; all other commands stand."""

    key = "batch"
    who = Who.USER
    what = N_("%(count)s commands of a batch were refused on %(portal)s.")
    kept = N_("All other commands of the batch were carried out and are recorded.")
    todo = N_("See the list of refused commands.")

    def __init__(self, failures: Mapping[str, BitrixError], *, portal: str = "") -> None:
        self.failures = dict(failures)
        first = next(iter(self.failures.values()), None)
        super().__init__(
            f"{len(self.failures)} commands failed; first: {first}" if first else "",
            portal=portal,
            method="batch",
            code=first.code if first else "",
            ran=Ran.MAYBE,
            count=len(self.failures),
        )


class ShortList(BitrixError):
    """A list could not be read to its end; rows already handed out must not be taken for the whole."""

    key = "list.short"
    who = Who.NOBODY
    what = N_("A list of %(portal)s (%(method)s) could not be read to its end.")
    kept = N_("Nothing was changed; the incomplete list is not used.")
    todo = N_("Start the reading again.")


class CursorIgnored(ShortList):
    """The portal does not honour the paging filter or the order, so completeness cannot be shown."""

    key = "list.cursor_ignored"
    who = Who.BITRIX24


class OutcomeUnknown(BitrixError):
    """A write that must not be sent twice has lost its answer. `cause` is what happened to the answer."""

    key = "write.unknown"
    who = Who.NOBODY
    what = N_("It is not known whether %(portal)s carried out %(method)s.")
    kept = N_("Nothing was sent a second time.")
    todo = N_("Leadswitch looks whether the record exists before it goes on.")
    ran = Ran.MAYBE

    def __init__(self, cause: BitrixError) -> None:
        self.cause = cause
        super().__init__(
            f"outcome unknown: {cause}",
            portal=cause.portal,
            method=cause.method,
            code=cause.code,
            http_status=cause.http_status,
            request_id=cause.request_id,
            description=cause.description,
        )
