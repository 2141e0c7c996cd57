"""The one error tree of the project. Every error says what happened, what was not lost, and what to do next.

LeadswitchError                     key · who must act · user_message() · details
├── ConfigError                     a setting, address or option is wrong; nothing was sent
│   ├── NotAWebhook                 not the address of an incoming webhook
│   ├── InsecureAddress             http to a host that is not this machine
│   ├── UntrustedHost               a host that is not on the allow-list was about to get a secret
│   ├── BadCall                     we built a call that cannot be sent faithfully (a bug of ours)
│   ├── BadSetting                  a setting has a value that cannot be used
│   ├── WrongSecretKey              the database was encrypted with a key that is not configured
│   ├── DatabaseProblem             the database cannot be reached or is of another version
│   ├── BadManifest                 app_manifest.json says something that cannot be used
│   └── PortalNotKnown              no portal of that name has installed the app here
├── BitrixError                     portal · method · code · http_status · request_id · description · ran
│   ├── TransportError              no usable answer arrived
│   │   ├── NotSent                 no connection: the call certainly did not run
│   │   │   └── CertificateInvalid      the portal's certificate is not valid; not tried again
│   │   ├── AnswerLost              sent, and the answer never came: it may have run
│   │   ├── BadAnswer               HTML, empty, truncated or oversized body
│   │   ├── ServerFault             the portal answered 5xx
│   │   └── PortalMoved             302 to an address that nobody trustworthy has named
│   ├── LimitError                  the portal asks for less
│   │   ├── RateLimited             the leaky bucket is full
│   │   ├── MethodTimeLimit         this method has used up its time for now
│   │   └── PortalBlocked           Bitrix24 has switched the REST of this portal off
│   ├── AuthError                   the credential was refused
│   │   ├── TokenExpired            to be renewed; seen outside the wire only if renewal does not help
│   │   ├── TokenRefused            unknown or revoked token or webhook key
│   │   ├── LaunchRefused           a launch, install or redirect that the OAuth server does not confirm
│   │   ├── OAuthRefused            the OAuth server refused our application keys or our request
│   │   └── DeadCredential          no way back without a person
│   │       ├── GrantRevoked        the refresh token is not valid any more
│   │       ├── PaymentRequired     the portal's subscription or the app's period has ended
│   │       ├── PortalGone          the portal was deleted or closed
│   │       └── AppUninstalled      the app is not installed there any more
│   ├── AccessDenied                this user may not do that
│   │   ├── MissingScope            the app or webhook was not given this scope
│   │   └── PlanRestriction         the portal's Bitrix24 plan does not include it
│   ├── MethodError                 the method ran its checks and refused; nothing was changed
│   │   ├── RecordNotFound          no such record, or not visible to this user
│   │   └── MethodUnknown           this portal has no such method
│   ├── BatchError                  commands of a batch failed; the others stand and are listed
│   ├── ShortList                   a list could not be read to its end, so no part of it is returned
│   │   └── CursorIgnored           the portal does not honour the paging filter
│   └── OutcomeUnknown              a write whose answer was lost: look before writing again
├── Cancelled                       the caller asked to stop; nothing was sent after that
├── PlanError                       this plan cannot be used
│   ├── NotAPlan · PlanFormatUnknown · DigestMismatch · WrongPortal
│   ├── PlanHasErrors · PlanAlreadyApplied · PlanOutdated · PlanNotFound · PlanNotReady · OptionsUnfit
├── RunError                        a run cannot start or go on
│   ├── AlreadyRunning · RunNotFound · NotAllowed · WrongRunState
└── ModeError                       the CRM mode cannot be changed, or was not
    ├── ClassicUnavailable · LeadsStillInWork · ModeNotConfirmed

A leaf is five lines: `key` (stable, for translations and JSON), `who`, and three sentences with %(name)s places that
are filled from the keyword arguments. Never put a secret into an argument; descriptions are redacted here again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from connector.redact import redact_text


def N_(text: str) -> str:
    """Mark a text for the translation catalogue without translating it here."""
    return text


class Who(StrEnum):
    """Who must act before the same thing can succeed."""

    NOBODY = "nobody"
    USER = "user"
    ADMINISTRATOR = "administrator"
    US = "us"
    BITRIX24 = "bitrix24"


class Ran(StrEnum):
    """What an answer proves about the call: `no` = certainly without effect, `maybe` = it may have taken effect."""

    NO = "no"
    MAYBE = "maybe"


class LeadswitchError(Exception):
    """Something did not work."""

    key: str = "error"
    who: Who = Who.US
    what: ClassVar[str] = N_("Something did not work.")
    kept: ClassVar[str] = ""
    todo: ClassVar[str] = ""

    def __init__(self, message: str = "", **details: object) -> None:
        self.message = redact_text(message)
        self.details: dict[str, object] = {
            name: redact_text(value) if isinstance(value, str) else value for name, value in details.items()
        }
        super().__init__(self.message)

    def parts(self) -> tuple[str, str, str]:
        """What happened, what was not lost, what to do next, as untranslated message ids with %(name)s places."""
        return self.what, self.kept, self.todo

    def params(self) -> Mapping[str, object]:
        """Values for the places in `parts()`; a missing one shows as an empty string."""
        return _Lenient(self.details)

    def user_message(self) -> str:
        """The three sentences in English, filled in."""
        return " ".join(part % self.params() for part in self.parts() if part)

    def __str__(self) -> str:
        text = (self.what % self.params()).rstrip()
        return f"{text} ({self.message})" if self.message else text

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders (job engine, spawn pools); keyword-only constructors need help to be pickled.
        return _rebuild, (type(self), self.__dict__.copy())


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return ""


def _rebuild(kind: type[LeadswitchError], state: dict[str, Any]) -> LeadswitchError:
    error = kind.__new__(kind)
    Exception.__init__(error, state.get("message", ""))
    error.__dict__.update(state)
    return error


# --------------------------------------------------------------------------------------------------- configuration


class ConfigError(LeadswitchError):
    """A setting, address or option is wrong; nothing was sent."""

    key = "config"
    who = Who.USER
    what = N_("The configuration is not right.")
    kept = N_("Nothing was sent and nothing was changed.")


class NotAWebhook(ConfigError):
    """The given text is not the address of an incoming webhook."""

    key = "config.not_a_webhook"
    what = N_("This is not the address of a Bitrix24 incoming webhook.")
    todo = N_("Copy it from Developer resources in Bitrix24; it looks like https://portal/rest/1/key/.")


class InsecureAddress(ConfigError):
    """http was asked for a host that is not this machine."""

    key = "config.insecure_address"
    what = N_("The address of %(host)s does not start with https, so the key would travel unprotected.")
    todo = N_("Use the https address.")


class UntrustedHost(ConfigError):
    """A secret was about to go to a host that is not on the allow-list of OAuth servers."""

    key = "config.untrusted_host"
    who = Who.US
    what = N_("%(host)s is not a Bitrix24 OAuth server that this installation trusts.")
    todo = N_("If it is one, add it to the allowed OAuth servers in the settings.")


class BadCall(ConfigError):
    """We built a call that cannot be sent faithfully. A mistake in our own code."""

    key = "config.bad_call"
    who = Who.US
    what = N_("A call to %(method)s could not be built.")
    todo = N_("Please report this to the makers of Leadswitch.")


class BadSetting(ConfigError):
    """A setting has a value that cannot be used; `setting` is its environment variable."""

    key = "config.bad_setting"
    what = N_("The setting %(setting)s cannot be used: %(reason)s.")
    todo = N_("Correct it; `leadswitch doctor` lists all settings.")


class WrongSecretKey(ConfigError):
    """The database holds something that none of the configured secret keys opens."""

    key = "config.wrong_secret_key"
    what = N_("The database was encrypted with a secret key that is not configured.")
    kept = N_("Nothing was read and nothing was changed.")
    todo = N_(
        "Put the former key back, behind the new one, in LEADSWITCH_SECRET_KEYS (separated by a comma)."
    )


class DatabaseProblem(ConfigError):
    """The database cannot be reached, or was made by a newer version."""

    key = "config.database"
    what = N_("The database cannot be used: %(reason)s.")
    todo = N_("Check LEADSWITCH_DATABASE_URL, and that the installed version is not older than the database.")


class BadManifest(ConfigError):
    """`app_manifest.json` says something that cannot be used."""

    key = "config.bad_manifest"
    who = Who.US
    what = N_("app_manifest.json cannot be used: %(reason)s.")
    todo = N_("Correct the file; `leadswitch doctor` checks it.")


class PortalNotKnown(ConfigError):
    """No portal of that name has installed the app here."""

    key = "config.portal_not_known"
    what = N_("No portal %(portal)s is connected here.")
    todo = N_("Install the app on that portal, or give its incoming webhook with LEADSWITCH_WEBHOOK.")


# ------------------------------------------------------------------------------------------------------- Bitrix24


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


class AuthError(BitrixError):
    """The credential was refused before the call ran."""

    key = "auth"
    who = Who.ADMINISTRATOR
    what = N_("%(portal)s does not accept our access.")
    todo = N_("Open the app in Bitrix24 as an administrator, or give a valid webhook.")


class TokenExpired(AuthError):
    """The access token has run out. The wire renews it; outside the wire it means that renewal did not help."""

    key = "auth.expired"


class TokenRefused(AuthError):
    """The token or the webhook key is unknown to the portal (NO_AUTH_FOUND, invalid_token)."""

    key = "auth.refused"
    what = N_("%(portal)s does not know our token or webhook key.")


class LaunchRefused(AuthError):
    """A launch, install, event or redirect that the OAuth server does not confirm. Nothing was stored."""

    key = "auth.launch_refused"
    who = Who.USER
    what = N_("This opening of the app could not be confirmed with Bitrix24.")
    kept = N_("Nothing was stored and nothing was changed.")
    todo = N_("Open the app again from the Bitrix24 menu.")


class OAuthRefused(AuthError):
    """The OAuth server refused our application keys or the form of our request."""

    key = "auth.oauth_refused"
    who = Who.US
    what = N_("The Bitrix24 OAuth server refused our application keys.")
    todo = N_("Check client id and client secret in the settings, and that the app is still installed there.")


class DeadCredential(AuthError):
    """There is no way back without a person. The portal goes into the named `state` until then."""

    key = "auth.dead"
    state: ClassVar[str] = "dead"
    what = N_("The access to %(portal)s has ended.")
    kept = N_("Plans, runs and the journal are kept.")
    todo = N_("An administrator must open the app in Bitrix24 once; a paused run can then be resumed.")


class GrantRevoked(DeadCredential):
    """The refresh token is not valid any more (invalid_grant): 180 days idle, re-installed, or revoked."""

    key = "auth.dead.grant"
    state = "grant_revoked"


class PaymentRequired(DeadCredential):
    """The subscription or trial that allows REST has ended (PAYMENT_REQUIRED)."""

    key = "auth.dead.payment"
    state = "payment_required"
    what = N_("The subscription of %(portal)s does not allow apps any more.")
    todo = N_("Renew the Bitrix24 plan or Market subscription, then open the app once.")


class PortalGone(DeadCredential):
    """The portal was deleted or its public part closed (PORTAL_DELETED)."""

    key = "auth.dead.portal"
    state = "portal_gone"
    what = N_("The portal %(portal)s is deleted or closed.")
    todo = N_("Nothing can be done from here; the reports stay available.")


class AppUninstalled(DeadCredential):
    """The app is not installed on that portal any more."""

    key = "auth.dead.uninstalled"
    state = "uninstalled"
    what = N_("The app is not installed on %(portal)s any more.")
    todo = N_("Install it again from the Bitrix24 Market.")


class AccessDenied(BitrixError):
    """The user behind the credential may not do that."""

    key = "access"
    who = Who.ADMINISTRATOR
    what = N_("The user behind our access may not use %(method)s on %(portal)s.")
    todo = N_("Ask an administrator for the right, or connect as an administrator.")


class MissingScope(AccessDenied):
    """The app or webhook was not given the scope that the method needs."""

    key = "access.scope"
    what = N_("Our access to %(portal)s does not include what %(method)s needs.")
    todo = N_("Add the missing permission to the webhook or re-install the app.")


class PlanRestriction(AccessDenied):
    """The portal's Bitrix24 plan does not include it."""

    key = "access.plan"
    what = N_("The Bitrix24 plan of %(portal)s does not include %(method)s.")
    todo = N_("Change the Bitrix24 plan, or leave this part out.")


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


class Cancelled(LeadswitchError):
    """The caller asked to stop; nothing was sent after that."""

    key = "cancelled"
    who = Who.NOBODY
    what = N_("Stopped on request.")
    kept = N_("Everything done so far is recorded.")
    todo = N_("It can be resumed.")


# ----------------------------------------------------------------------------------------------------------- plans


class PlanError(LeadswitchError):
    """This plan cannot be used."""

    key = "plan"
    who = Who.USER
    what = N_("This plan cannot be used.")
    kept = N_("Nothing was changed on the portal.")
    todo = N_("Make a new plan.")


class NotAPlan(PlanError):
    """The file is not a plan file."""

    key = "plan.not_a_plan"
    what = N_("This file is not a Leadswitch plan.")
    todo = N_("Give a file written by `leadswitch plan --out`.")


class PlanFormatUnknown(PlanError):
    """A plan, but in a format that this version does not read."""

    key = "plan.format"
    what = N_("The plan has the format %(format)s, which this version does not read.")
    todo = N_("Use the version of Leadswitch that wrote it, or make a new plan.")


class DigestMismatch(PlanError):
    """The content does not fit the digest in its summary: changed by hand or cut off."""

    key = "plan.digest"
    what = N_("The plan was changed or cut off after it was made.")


class WrongPortal(PlanError):
    """The plan belongs to another portal."""

    key = "plan.wrong_portal"
    what = N_("The plan was made for %(planned)s, not for %(portal)s.")
    todo = N_("Connect the portal of the plan, or make a new plan for this one.")


class PlanHasErrors(PlanError):
    """The plan has findings of severity error."""

    key = "plan.has_errors"
    what = N_("The plan has %(count)s errors.")
    todo = N_("Solve them as described in the plan, then make a new plan.")


class PlanNotFound(PlanError):
    """No plan with that id on this portal."""

    key = "plan.not_found"
    what = N_("There is no plan %(plan)s for this portal.")
    todo = N_("See the list of plans.")


class PlanNotReady(PlanError):
    """The plan is still being made, or making it failed."""

    key = "plan.not_ready"
    what = N_("The plan is not ready: %(state)s.")
    todo = N_("Wait for it, or make a new plan.")


class OptionsUnfit(PlanError):
    """The chosen options do not fit the portal; `problems` are sentences that name what exists."""

    key = "plan.options"
    what = N_("These options do not fit the portal. %(problems)s")
    todo = N_("Correct the options and plan again.")


class PlanAlreadyApplied(PlanError):
    """The plan has a run already; a plan is applied once."""

    key = "plan.already_applied"
    what = N_("This plan has been applied already, by run %(run)s.")
    todo = N_("Look at that run, resume it, or make a new plan for what is left.")


class PlanOutdated(PlanError):
    """The portal's settings that the plan relies on have changed since."""

    key = "plan.outdated"
    what = N_("The portal has changed since the plan was made: %(change)s")


# ------------------------------------------------------------------------------------------------------------ runs


class RunError(LeadswitchError):
    """A run cannot start or go on."""

    key = "run"
    who = Who.USER
    what = N_("The run cannot go on.")
    kept = N_("Everything done so far is recorded in the journal.")


class AlreadyRunning(RunError):
    """Another run holds this portal."""

    key = "run.already_running"
    what = N_("Another run (%(run)s) is working on %(portal)s.")
    todo = N_("Wait for it, or pause it first.")


class RunNotFound(RunError):
    """No run with that id."""

    key = "run.not_found"
    what = N_("There is no run %(run)s.")
    todo = N_("See the list of runs.")


class NotAllowed(RunError):
    """This user may not do that on this portal."""

    key = "run.not_allowed"
    who = Who.ADMINISTRATOR
    what = N_("Only administrators and employees who may change CRM settings may do this.")
    kept = N_("Nothing was changed.")
    todo = N_("Ask an administrator of your Bitrix24.")


class WrongRunState(RunError):
    """The run is in a state in which this is not possible."""

    key = "run.wrong_state"
    what = N_("This is not possible while the run is %(state)s.")


# ------------------------------------------------------------------------------------------------------------ mode


class ModeError(LeadswitchError):
    """The CRM mode cannot be changed, or was not."""

    key = "mode"
    who = Who.USER
    what = N_("The CRM mode was not changed.")
    kept = N_("Converted leads stay converted and can be undone.")


class ClassicUnavailable(ModeError):
    """The portal's plan does not offer Classic CRM."""

    key = "mode.classic_unavailable"
    who = Who.ADMINISTRATOR
    what = N_("The Bitrix24 plan of this portal does not offer Classic CRM.")
    todo = N_("Change the Bitrix24 plan first.")


class LeadsStillInWork(ModeError):
    """The flip is offered only when no lead of the portal is in work."""

    key = "mode.leads_in_work"
    what = N_("%(count)s leads are still in work; Bitrix24 would convert them by its own rules.")
    todo = N_("Convert or close them first.")


class ModeNotConfirmed(ModeError):
    """The portal does not report the new mode."""

    key = "mode.not_confirmed"
    what = N_("The portal still reports %(mode)s.")
    todo = N_("Choose the CRM mode in Bitrix24 as described; the run goes on by itself.")
