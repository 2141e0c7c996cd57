"""Errors of rules, endpoints and deliveries. The tree is drawn in the package."""

from __future__ import annotations

from connector.errors.base import N_, LeadswitchError, Who


class AutomationError(LeadswitchError):
    """A rule, endpoint or delivery cannot be used as asked."""

    key = "automation"
    who = Who.USER
    what = N_("The automation cannot be changed like that.")
    kept = N_("Nothing was sent and nothing was changed.")


class RuleNotFound(AutomationError):
    """No rule of that id on this portal."""

    key = "automation.no_rule"
    what = N_("There is no rule %(rule)s.")


class EndpointNotFound(AutomationError):
    """No endpoint of that id on this portal."""

    key = "automation.no_endpoint"
    what = N_("There is no endpoint %(endpoint)s.")


class DeliveryNotFound(AutomationError):
    """No delivery of that id on this portal."""

    key = "automation.no_delivery"
    what = N_("There is no delivery %(delivery)s.")


class BadRule(AutomationError):
    """A rule that cannot be read; `where` is the part, `reason` what is wrong with it."""

    key = "automation.bad_rule"
    what = N_("The rule cannot be used: %(where)s: %(reason)s.")
    todo = N_("The form of a rule is described in docs/automation.md.")


class BadAddress(AutomationError):
    """An address that webhooks must not go to."""

    key = "automation.bad_address"
    what = N_("Webhooks cannot be sent to this address: %(reason)s.")
    todo = N_("Use a public https address on port 443 or 8443.")


class TooMany(AutomationError):
    """The portal has as many rules or endpoints as are allowed."""

    key = "automation.too_many"
    what = N_("There are %(most)s already; that is the most that a portal can have.")
    todo = N_("Delete one that is not needed any more.")


class EndpointDisabled(AutomationError):
    """Nothing is sent to an endpoint that is switched off."""

    key = "automation.endpoint_disabled"
    what = N_("The endpoint is switched off.")
    todo = N_("Switch it on first.")
