"""Errors of pipelines and their stages, as people change them by hand. The tree is drawn in the package."""

from __future__ import annotations

from connector.errors.base import N_, LeadswitchError, Who


class PipelineError(LeadswitchError):
    """A pipeline or a stage cannot be changed like this."""

    key = "pipeline"
    who = Who.USER
    what = N_("The pipeline was not changed.")
    kept = N_("Nothing was changed in Bitrix24.")


class NoSuchPipeline(PipelineError):
    """The portal has no pipeline of that id or name."""

    key = "config.no_such_pipeline"
    what = N_("There is no pipeline %(wanted)s. There are: %(known)s")


class NoSuchStage(PipelineError):
    """The pipeline has no stage of that id or name."""

    key = "pipeline.no_such_stage"
    what = N_("The pipeline %(pipeline)s has no stage %(wanted)s. It has: %(known)s")


class Ambiguous(PipelineError):
    """Several have that name."""

    key = "pipeline.ambiguous"
    what = N_("Several are called %(wanted)s: %(known)s")
    todo = N_("Name the one that is meant by its ID.")


class PipelineExists(PipelineError):
    """A pipeline of that name is there already."""

    key = "config.pipeline_exists"
    what = N_("There is a pipeline %(name)s already, with ID %(id)s.")
    todo = N_("Choose another name.")


class StageExists(PipelineError):
    """A stage of that name is in the pipeline already."""

    key = "pipeline.stage_exists"
    what = N_("The pipeline has a stage %(name)s already.")
    todo = N_("Choose another name.")


class NameMissing(PipelineError):
    """A name without anything to read in it."""

    key = "pipeline.name_missing"
    what = N_("A name is needed; blanks alone are none.")
    todo = N_("Give a name.")


class NameTooLong(PipelineError):
    """A name that Bitrix24 does not take (crm.category.add: at most 255 characters)."""

    key = "pipeline.name_too_long"
    what = N_("The name has %(length)s characters; Bitrix24 takes at most %(longest)s.")
    todo = N_("Give a shorter name.")


class BadColour(PipelineError):
    """Not a colour as Bitrix24 keeps them."""

    key = "pipeline.colour"
    what = N_("%(given)s is not a colour.")
    todo = N_("Give a colour as six hexadecimal digits, such as #39A8EF.")


class BadPlace(PipelineError):
    """A place in the order that is no number Bitrix24 takes."""

    key = "pipeline.place"
    what = N_("%(given)s is not a place in the order; it is a whole number from 0 to %(most)s.")


class OrderMisses(PipelineError):
    """A new order that leaves some out."""

    key = "pipeline.order_misses"
    what = N_("The new order leaves out: %(missing)s")
    todo = N_("Name every one exactly once.")


class OrderRepeats(PipelineError):
    """A new order that names one twice."""

    key = "pipeline.order_repeats"
    what = N_("The new order names more than once: %(twice)s")
    todo = N_("Name every one exactly once.")


class StagesMixed(PipelineError):
    """A new order in which the groups of stages do not follow each other (crm.status.add, restrictions for SORT)."""

    key = "pipeline.stages_mixed"
    what = N_(
        "Stages in work come first, then the success stage, then the failure stages; Bitrix24 keeps them apart."
    )
    todo = N_("Change the order within a group.")


class PipelineInUse(PipelineError):
    """Deals are in it (crm.category.delete)."""

    key = "pipeline.in_use"
    what = N_("The pipeline %(name)s cannot be deleted. Deals in it: %(deals)s")
    todo = N_("Move these deals to another pipeline or delete them, the closed ones too, then try again.")


class StageInUse(PipelineError):
    """Deals are in it (crm.status.delete)."""

    key = "pipeline.stage_in_use"
    what = N_("The stage %(name)s cannot be deleted. Deals in it: %(deals)s")
    todo = N_("Move these deals to another stage, then try again.")


class DefaultStays(PipelineError):
    """The default pipeline cannot be deleted, and of deals REST cannot make another one the default (crm.category.add, delete)."""

    key = "pipeline.default_stays"
    what = N_("%(name)s is the default pipeline of this portal, and Bitrix24 does not let it be deleted.")
    todo = N_(
        "It can be renamed and moved. Which pipeline is the default one cannot be changed from outside Bitrix24."
    )


class StageStays(PipelineError):
    """A system stage: every pipeline has its first one, its success stage and a failure stage."""

    key = "pipeline.stage_stays"
    what = N_("%(name)s is a system stage of Bitrix24 and cannot be deleted.")
    todo = N_("It can be renamed and given another colour.")


class LastStage(PipelineError):
    """The only one of its group."""

    key = "pipeline.last_stage"
    what = N_(
        "%(name)s is the last stage of its kind; a pipeline needs one in work, one for success, one for failure."
    )


class OneSuccess(PipelineError):
    """A pipeline has exactly one success stage (crm.status.add)."""

    key = "pipeline.one_success"
    what = N_("The pipeline %(name)s has its success stage already; there can be only one.")
    todo = N_("Rename that stage, or add a stage in work or a failure stage.")


class PipelineRefused(PipelineError):
    """`crm.category.add` was refused although the request was sound. The limit of a plan has no documented code of its own."""

    key = "pipeline.refused"
    who = Who.ADMINISTRATOR
    what = N_("Bitrix24 did not create the pipeline %(name)s. It says: %(said)s")
    kept = N_("Bitrix24 shows no such pipeline.")
    todo = N_(
        "How many pipelines there may be depends on the Bitrix24 plan; this portal has %(count)s. "
        "Delete one that nobody needs, or change the plan."
    )


class StagesNotCopied(PipelineError):
    """The stages of a new pipeline could not be made, and the pipeline was taken away again."""

    key = "pipeline.not_copied"
    what = N_("The lead stages could not be copied. Bitrix24 says: %(said)s")
    kept = N_("The pipeline that had been begun was removed again.")


class PipelineHalfMade(PipelineError):
    """The stages of a new pipeline could not be made, and the pipeline is still there."""

    key = "pipeline.half_made"
    what = N_("The lead stages could not all be copied. Bitrix24 says: %(said)s")
    kept = N_("The pipeline %(name)s is there, with ID %(id)s; no deals are in it.")
    todo = N_("Look at its stages: add what is missing, or delete the pipeline.")


class RunHolds(PipelineError):
    """A switch that is not at its end uses this pipeline."""

    key = "pipeline.run_holds"
    what = N_("The switch %(run)s is using the pipeline %(name)s, so this cannot be deleted now.")
    todo = N_("Wait until the switch has ended, or end it first.")


class RunMakes(PipelineError):
    """A switch that is not at its end is about to create a pipeline."""

    key = "pipeline.run_makes"
    what = N_("The switch %(run)s is about to create a pipeline; until then pipelines cannot be changed.")
    todo = N_("Wait until it has, or end the switch first.")


class ChangeUnderWay(PipelineError):
    """Somebody else is changing pipelines of this portal, or the outcome of the last change is still open."""

    key = "pipeline.under_way"
    who = Who.NOBODY
    what = N_("Another change of pipelines on this portal is under way or not yet certain.")
    todo = N_("Try again in %(seconds)s seconds.")


class ChangeUnknown(PipelineError):
    """It was sent and the answer lost, and what the portal shows does not tell yet."""

    key = "pipeline.unknown"
    who = Who.NOBODY
    what = N_("Bitrix24 did not answer in time, so it is not known yet whether it made this change.")
    kept = N_("Nothing was sent a second time.")
    todo = N_("Wait a minute and look at the pipelines again before you repeat it.")


class ChangeDoubtful(PipelineError):
    """The portal answered with an error that nobody has documented, and does not show the change."""

    key = "pipeline.doubtful"
    who = Who.BITRIX24
    what = N_(
        "Bitrix24 answered with an error that we do not know, and does not show this change. It says: %(said)s"
    )
    kept = N_("Nothing was sent a second time.")
    todo = N_("Wait a minute and look at the pipelines again before you repeat it.")


class ChangeLost(PipelineError):
    """It was sent, the answer lost, and after the time that a request may take the portal does not have it."""

    key = "pipeline.lost"
    who = Who.NOBODY
    what = N_("The connection was lost, and Bitrix24 has not made this change.")
    todo = N_("Try again.")


class ChangeIncomplete(PipelineError):
    """Some of several changes were refused."""

    key = "pipeline.incomplete"
    what = N_("Bitrix24 made only a part of this change. It says: %(said)s")
    kept = N_("What it did make stays, and is shown now.")
    todo = N_("Try again.")


class NotTaken(PipelineError):
    """The portal answered that it was done, and what it shows is something else."""

    key = "pipeline.not_taken"
    who = Who.BITRIX24
    what = N_("Bitrix24 answered that it was done, but does not show it.")
    kept = N_("What it shows now is what is true.")
    todo = N_("Look at the pipelines in Bitrix24; if it happens again, report it.")
