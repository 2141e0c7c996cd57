"""The rows of the catalogue about the plan or the portal as a whole. Data only."""

from .model import Severity
from .words import N_

E, D, W, I = Severity.ERROR, Severity.DATA_LOSS, Severity.WARNING, Severity.INFO  # noqa: E741

PLAN_ROWS: tuple[tuple[str, Severity, str, str], ...] = (
    # code, severity, message, what to do
    (
        "unknown-pipeline",
        E,
        N_("There is no pipeline %(given)s. There are: %(known)s."),
        N_("Choose one of them, or new."),
    ),
    (
        "unknown-lead-stage",
        E,
        N_("There is no lead stage %(given)s in work. There are: %(known)s."),
        N_("Correct the name."),
    ),
    (
        "unknown-deal-stage",
        E,
        N_("Pipeline “%(pipeline)s” has no stage %(given)s. There are: %(known)s."),
        N_("Correct the stage map."),
    ),
    (
        "final-deal-stage",
        W,
        N_("Leads in stage “%(stage)s” become deals that are closed at once (“%(deal_stage)s”)."),
        "",
    ),
    (
        "stages-with-new",
        E,
        N_("A new pipeline is made from the lead stages; the stage map %(given)s has nothing to point at."),
        N_("Leave the stage map out, or choose an existing pipeline."),
    ),
    (
        "unknown-field",
        E,
        N_("There is no custom field %(given)s of a %(entity)s. There are: %(known)s."),
        N_("Correct the field map."),
    ),
    (
        "field-types-differ",
        E,
        N_(
            "%(source)s (%(source_type)s) cannot be written into %(target)s of a %(entity)s (%(target_type)s)."
        ),
        N_("Map it to a field of the same type."),
    ),
    (
        "field-twice",
        E,
        N_("Two fields are mapped to %(target)s of a %(entity)s: %(sources)s."),
        N_("Keep one of them."),
    ),
    (
        "unknown-source",
        E,
        N_("There is no source %(given)s. There are: %(known)s."),
        N_("Correct the choice of leads."),
    ),
    (
        "unknown-person",
        E,
        N_("There is no active employee with the ID %(given)s."),
        N_("Give the ID of an employee who works here."),
    ),
    (
        "created-field-type",
        E,
        N_("%(given)s is a field of type %(type)s and cannot keep a date."),
        N_("Choose a date field of deals."),
    ),
    ("already-in-mode", W, N_("The portal is in this CRM mode already (%(mode)s)."), ""),
    ("no-leads", I, N_("No active lead is in scope: nothing has to be converted."), ""),
    (
        "maybe-incomplete",
        E,
        N_(
            "%(name)s is not an administrator: Bitrix24 hides leads without saying so, and the plan may be incomplete."
        ),
        N_("Plan with an administrator's webhook, or let an administrator install the app."),
    ),
    (
        "count-differs",
        E,
        N_("Active leads that the portal counts: %(expected)s; that could be read: %(read)s."),
        N_("Plan again; if it stays so, check the rights of the user."),
    ),
    (
        "leads-left-out",
        W,
        N_(
            "Active leads that are not in this plan: %(count)s. Bitrix24 would convert them by its own rules when the mode is changed."
        ),
        N_("Include them, close them by hand, or accept Bitrix24's own conversion."),
    ),
    (
        "leads-left-behind",
        W,
        N_(
            "Active leads that are not in this plan: %(count)s. They stay leads, which Simple CRM does not show."
        ),
        N_("Include them, or close them by hand."),
    ),
    (
        "leave-needs-setter",
        E,
        N_(
            "Leads can stay behind as they are only where the CRM mode is set over REST; this portal has no method for that."
        ),
        N_(
            "Make another choice for leads that stay behind, or install the companion if the portal is self-hosted."
        ),
    ),
    (
        "import-missing",
        E,
        N_("This portal has no methods to import records, and only import creates them without automation."),
        N_("Choose automation=run."),
    ),
    (
        "import-right",
        E,
        N_(
            "Creating records quietly needs the right to import; %(name)s is no administrator, and REST does not tell who has it."
        ),
        N_("Plan with an administrator's webhook or installation, or choose automation=run."),
    ),
    (
        "quiet",
        I,
        N_(
            "Deals, contacts and companies are imported, which starts no robots and workflows. What import leaves out is set after."
        ),
        "",
    ),
    (
        "workflows-on-change",
        W,
        N_("Workflows that start when a %(entity)s is changed can run, because some are changed: %(names)s."),
        N_("Check what they do, or switch them off for the time of the switch."),
    ),
    (
        "history-not-imported",
        I,
        N_(
            "Creation dates and stage history stay with the leads: import takes no date before that of the newest record."
        ),
        "",
    ),
    (
        "workflows-fire",
        W,
        N_("Workflows that start by themselves on %(entity)s: %(names)s."),
        N_("Check what they do, or switch them off for the time of the switch."),
    ),
    (
        "workflows-unknown",
        I,
        N_("Whether workflows start by themselves could not be read."),
        N_("Look at the workflows of deals, contacts and companies in the CRM settings."),
    ),
    (
        "robots-fire",
        W,
        N_(
            "Robots and triggers of the deal stages run for every created deal. Bitrix24 does not list robots over REST."
        ),
        N_("Look at the automation rules of the chosen pipeline."),
    ),
    (
        "lead-robots-fire",
        W,
        N_("Robots of the lead stage “%(stage)s” run when a lead is closed."),
        N_("Look at the automation rules of this stage."),
    ),
    (
        "long",
        W,
        N_("The portal's limits make this take about %(minutes)s minutes at least."),
        N_("It can be paused and goes on where it stopped."),
    ),
    (
        "stage-rules-unreadable",
        I,
        N_(
            "Fields that are required in certain stages cannot be read over REST; a refused lead is left as it was and named."
        ),
        "",
    ),
    (
        "history-not-carried",
        I,
        N_("Creation dates and stage history stay with the leads: Bitrix24 does not let them be written."),
        "",
    ),
    ("created-kept", I, N_("The creation date of each lead is kept in “%(field)s” of its deal."), ""),
    (
        "created-noted",
        I,
        N_("The creation date and stage of each lead are noted in the timeline of its deal."),
        "",
    ),
    (
        "ready-lead-robots",
        W,
        N_("Robots and triggers of lead stages stop working. Bitrix24 does not list them over REST."),
        N_("Look at the automation rules of leads and rebuild for deals what is needed."),
    ),
    (
        "activities-by-owner",
        I,
        N_(
            "Activities that belong to another record and are only bound to a lead are looked up when it is converted."
        ),
        "",
    ),
    (
        "comments-at-apply",
        I,
        N_("Timeline comments are looked up when each lead is converted, not in the dry run."),
        "",
    ),
    ("comments-left", I, N_("Timeline comments stay in the leads."), ""),
    (
        "tracking-not-carried",
        I,
        N_("Sales Intelligence traces cannot be read over REST; source and UTM tags are carried over."),
        "",
    ),
    (
        "related-not-read",
        I,
        N_(
            "Smart processes could not be listed, so their records that point at leads were not read and stay as they are."
        ),
        N_("Check what hangs on the leads that matter."),
    ),
    (
        "addresses-unread",
        W,
        N_("Addresses of leads could not be read; they stay in the leads."),
        N_("Check the rights of the user, or note the addresses by hand."),
    ),
    (
        "deals-unread",
        W,
        N_("Whether leads have deals already could not be read."),
        N_("Check the rights of the user."),
    ),
    ("quotes-unread", I, N_("Quotes of leads could not be read; they stay with the leads."), ""),
    (
        "tasks-unread",
        W,
        N_(
            "Tasks could not be read over this connection (scope task); those that point at leads stay with them."
        ),
        N_("Plan with a webhook that has the scope task, or link the tasks to the deals by hand."),
    ),
    (
        "records-unread",
        W,
        N_("Some records that may point at leads could not be read; they stay as they are."),
        N_("Check the rights of the user."),
    ),
    (
        "people-unknown",
        I,
        N_("Names of employees, and whether they are dismissed, could not be read (no right to list users)."),
        "",
    ),
    (
        "native-not-seen",
        I,
        N_(
            "What Bitrix24's own switch would do is a prediction (variant “%(variant)s”); it was not seen on a live portal."
        ),
        "",
    ),
    (
        "undo-limits",
        I,
        N_(
            "Undo brings leads, clients and activities back. Robots that ran, stage history and IDs cannot be brought back."
        ),
        "",
    ),
    (
        "flip-guided",
        I,
        N_(
            "The CRM mode has no REST setter: the last step is done by a person in Bitrix24, guided and checked."
        ),
        "",
    ),
    (
        "flip-by-setter",
        I,
        N_(
            "This portal has the Leadswitch companion: the last step sets the CRM mode over REST and reads it back."
        ),
        "",
    ),
    ("menu-reset", I, N_("Changing the mode resets the CRM menu order of all users."), ""),
    (
        "pipeline-new",
        I,
        N_("Pipeline “%(name)s” with %(count)s stages will be created when the plan is applied."),
        "",
    ),
    ("field-new", I, N_("Field “%(field)s” will be created for a %(entity)s when the plan is applied."), ""),
    (
        "field-new-text",
        I,
        N_("“%(field)s” is a list in leads; the new field of deals keeps its values as text."),
        N_("Create the list for deals by hand first if it should stay a list."),
    ),
    (
        "field-mandatory",
        W,
        N_("“%(field)s” is required in leads; the new field of the %(entity)s is not."),
        "",
    ),
    (
        "stages-folded",
        W,
        N_("Lead stages %(stages)s share the deal stage “%(deal_stage)s”."),
        N_("Add stages to the pipeline, or let a new pipeline be made from the lead stages."),
    ),
    (
        "stages-by-position",
        W,
        N_("Lead stage “%(stage)s” was matched by its position with “%(deal_stage)s”."),
        N_("Check the stage map."),
    ),
    (
        "open-lines-create",
        W,
        N_("Open channels that create leads now and will create deals: %(names)s."),
        N_("Check in each of them who becomes responsible and which pipeline is used."),
    ),
    (
        "telephony-creates",
        W,
        N_("Telephone lines that create leads now and will create deals: %(names)s."),
        N_("Check what each line creates for an unknown number."),
    ),
    (
        "ready-open-lines",
        W,
        N_("Open channels that create leads go on as deals; this could not be read."),
        N_("Check the CRM settings of each open channel."),
    ),
    (
        "ready-telephony",
        W,
        N_("Telephony lines that create leads could not be read."),
        N_("Check what each line creates for an unknown number."),
    ),
    (
        "ready-forms",
        W,
        N_(
            "CRM forms, mail boxes and integrations that create leads could not be read. Simple CRM turns new leads into deals at once."
        ),
        N_("Check what forms, e-mail and other integrations create."),
    ),
    (
        "ready-lead-workflows",
        W,
        N_("Workflows of leads stop working: %(names)s."),
        N_("Rebuild them for deals where they are needed."),
    ),
)
