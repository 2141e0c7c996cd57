"""Errors of settings, addresses and options: nothing was sent. The tree is drawn in the package."""

from __future__ import annotations

from connector.errors.base import N_, LeadswitchError, Who


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


class DatabaseFull(DatabaseProblem):
    """There is no room for what is to be stored."""

    key = "config.database.full"
    what = N_("The disk or the quota of the database is full.")
    kept = N_("Nothing was sent to the portal without being recorded first; a run goes on where it was.")
    todo = N_("Make room on the disk, then resume.")


class DatabaseBusy(DatabaseProblem):
    """Another program holds the database."""

    key = "config.database.busy"
    what = N_("Another program has locked the database.")
    kept = N_("Nothing was sent to the portal without being recorded first; a run goes on where it was.")
    todo = N_("Find out which program has the file open, such as a backup or a database viewer; then resume.")


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
