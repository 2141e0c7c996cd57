"""Errors of plans, runs and the CRM mode. The tree is drawn in the package."""

from __future__ import annotations

from connector.errors.base import N_, LeadswitchError, Who


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
    """The chosen options do not fit the portal; `problems` is a `Said` that names what exists."""

    key = "plan.options"
    what = N_("These options do not fit the portal. %(problems)s")
    todo = N_("Correct the options and plan again.")


class PlanBroken(PlanError):
    """Making the plan ended with an exception that nobody foresaw; `name` is its class."""

    key = "plan.broken"
    who = Who.US
    what = N_("Something unforeseen happened (%(name)s).")
    todo = N_("Make a new plan; if it happens again, report this to the makers of Leadswitch.")


class PlanAlreadyApplied(PlanError):
    """The plan has a run already; a plan is applied once."""

    key = "plan.already_applied"
    what = N_("This plan has been applied already, by run %(run)s.")
    todo = N_("Look at that run, resume it, or make a new plan for what is left.")


class DecisionUnfit(PlanError):
    """A decision about something that this plan does not have, or that cannot be decided that way."""

    key = "plan.decision"
    what = N_("This plan has nothing like that to decide.")
    kept = N_("The plan and all decisions about it are as they were.")
    todo = N_("Open the preview again.")


class PlanOutdated(PlanError):
    """The portal's settings that the plan relies on have changed since."""

    key = "plan.outdated"
    what = N_("The portal has changed since the plan was made: %(change)s")


class PlanTooOld(PlanError):
    """The plan was made longer ago than plans are good for (`plan_valid_days`)."""

    key = "plan.too_old"
    what = N_(
        "The plan is %(days)s days old; a plan can be carried out for %(limit)s days, because leads change."
    )
    todo = N_("Make a new plan with the same options; compared with the old one it shows what has changed.")


class NothingToWatch(PlanError):
    """A plan to Classic CRM: on that way Bitrix24 converts nothing."""

    key = "plan.nothing_to_watch"
    what = N_("On the way to Classic CRM Bitrix24 converts nothing, so there is no conversion to watch.")
    todo = N_("Apply the plan as usual: Leadswitch waits for the mode and checks it.")


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


class ModeError(LeadswitchError):
    """The CRM mode cannot be changed, or was not."""

    key = "mode"
    who = Who.USER
    what = N_("The CRM mode was not changed.")
    kept = N_("Converted leads stay converted and can be undone.")


class ModeAlready(ModeError):
    """The portal is in the wanted mode already, so there is no switch to watch."""

    key = "mode.already"
    what = N_("The portal is in Simple CRM already: there is no switch left to watch.")
    kept = N_("Nothing was changed by Leadswitch.")
    todo = N_("Make a new plan for leads that are still in work.")


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
