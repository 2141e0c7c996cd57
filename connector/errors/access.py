"""Errors of credentials and rights on a portal. The tree is drawn in the package."""

from __future__ import annotations

from typing import ClassVar

from connector.errors.base import N_, Who
from connector.errors.bitrix import BitrixError


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
