"""The rows of the catalogue about one lead. Data only."""

from .model import Severity
from .words import N_

E, D, W, I = Severity.ERROR, Severity.DATA_LOSS, Severity.WARNING, Severity.INFO  # noqa: E741

LEAD_ROWS: tuple[tuple[str, Severity, str, str], ...] = (
    # code, severity, message, what to do
    (
        "stage-not-mapped",
        E,
        N_("Stage %(stage)s of this lead has no deal stage in the chosen pipeline."),
        N_("Add a line for this stage to the stage map."),
    ),
    (
        "stage-unknown",
        E,
        N_("The lead is in stage %(stage)s, which is not among the portal's lead stages."),
        N_("Move the lead to an existing stage, or exclude it."),
    ),
    (
        "currency-unknown",
        E,
        N_("The portal does not know the currency %(currency)s of the amount."),
        N_("Add the currency in the CRM settings, or change it in the lead."),
    ),
    (
        "required-empty",
        E,
        N_("“%(field)s” is required for a %(entity)s and would be empty."),
        N_("Fill the field in the lead, map another field to it, or make it optional."),
    ),
    (
        "required-on-lead",
        E,
        N_("“%(field)s” is required in leads and is empty: the portal would refuse to close the lead."),
        N_("Fill the field in the lead, or make it optional."),
    ),
    (
        "nothing-readable",
        E,
        N_("The lead came without the data that a plan needs (%(fields)s)."),
        N_("Check that the lead still exists and may be read, then plan again."),
    ),
    ("no-deal-title", W, N_("The lead has no title; its deal will be called “%(title)s”."), ""),
    (
        "no-name",
        W,
        N_("The lead names no person; the contact will be called “%(name)s”."),
        N_("Fill in the name, or choose to create a company."),
    ),
    (
        "no-contact-data",
        W,
        N_("The lead has neither phone nor e-mail, so an existing client cannot be recognised."),
        "",
    ),
    (
        "no-client",
        W,
        N_(
            "No client will be created: the lead names no company and company names are not taken from titles."
        ),
        N_("Create a contact as well, or let company names come from the lead title."),
    ),
    ("repeat-lead", I, N_("Repeat lead: it becomes a deal only, with the clients it has."), ""),
    (
        "repeat-without-client",
        W,
        N_("Repeat lead without a client that could be read: its deal will have none."),
        N_("Check that the contact or company of this lead still exists."),
    ),
    ("client-exists", I, N_("%(entity)s #%(id)s “%(title)s” has the same %(by)s and will be used."), ""),
    (
        "client-exists-not-used",
        W,
        N_("%(entity)s #%(id)s “%(title)s” has the same %(by)s; a second one will be created."),
        N_("Choose to link duplicates if it is the same client."),
    ),
    (
        "client-several",
        W,
        N_("Several existing clients match (%(entity)s %(ids)s); #%(used)s will be used."),
        N_("Merge the duplicates first, or check which one is right."),
    ),
    (
        "client-in-plan",
        I,
        N_("Lead #%(lead)s creates the same %(entity)s; it will be used instead of a second one."),
        "",
    ),
    (
        "client-in-plan-twice",
        W,
        N_("Lead #%(lead)s has the same %(by)s: two equal clients (%(entity)s) will be created."),
        N_("Choose to link duplicates if it is the same client."),
    ),
    (
        "client-field-kept",
        D,
        N_(
            "“%(field)s” of the existing %(entity)s #%(id)s stays “%(kept)s”; the lead's “%(lost)s” is not carried over."
        ),
        N_("Check which value is right and correct it by hand."),
    ),
    (
        "client-field-first",
        D,
        N_(
            "“%(field)s” of the %(entity)s that lead #%(lead)s creates stays “%(kept)s”; this lead's “%(lost)s” is not carried over."
        ),
        N_("Check which value is right and correct it by hand."),
    ),
    (
        "responsible-dismissed",
        W,
        N_("The responsible person %(name)s is dismissed; the records will belong to nobody who works here."),
        N_("Choose an employee in place of dismissed ones."),
    ),
    ("responsible-replaced", I, N_("The responsible person %(name)s is dismissed; %(new)s takes over."), ""),
    (
        "responsible-missing",
        W,
        N_("The lead has no responsible person; the records will belong to the user who applies the plan."),
        "",
    ),
    ("observer-dismissed", I, N_("Observer %(name)s is dismissed."), ""),
    (
        "field-dropped",
        D,
        N_("“%(field)s” has no counterpart; its value “%(value)s” is not carried over."),
        N_("Create the field on deals or clients, or map it to another field."),
    ),
    (
        "enum-dropped",
        D,
        N_("“%(field)s” of the %(entity)s has no entry “%(value)s”; the value is not carried over."),
        N_("Add the entry to the list of the target field."),
    ),
    (
        "values-cut",
        D,
        N_("“%(field)s” of the %(entity)s holds one value only; not carried over: %(value)s."),
        N_("Make the target field multiple."),
    ),
    (
        "file-copied",
        I,
        N_(
            "Files in “%(field)s” that are uploaded again to the %(entity)s: %(count)s; sizes are unknown, over %(megabytes)s MB they stay."
        ),
        "",
    ),
    (
        "file-not-carried",
        D,
        N_("Files in “%(field)s” that stay in the lead and are not copied: %(count)s."),
        N_("Create a file field on deals, or copy the files by hand."),
    ),
    (
        "value-dropped",
        D,
        N_("%(field)s “%(value)s” has no place in the records that will be created."),
        N_("Create a contact or company as well, or note the value by hand."),
    ),
    (
        "email-invalid",
        D,
        N_(
            "“%(value)s” is not a valid e-mail address; the portal would refuse the client, so it is left out."
        ),
        N_("Correct the address in the lead."),
    ),
    (
        "phone-unclear",
        I,
        N_("“%(value)s” is not a phone number of a known form; it is carried over and not compared."),
        "",
    ),
    (
        "channel-not-carried",
        D,
        N_("The %(type)s entry “%(value)s” belongs to a chat and cannot be copied to a client."),
        "",
    ),
    ("address-copied", I, N_("The address goes to the %(entity)s as an address-only requisite."), ""),
    (
        "amount-manual",
        I,
        N_("The amount was entered by hand (%(amount)s) and stays so; the products sum up to %(rows)s."),
        "",
    ),
    (
        "amount-kept",
        I,
        N_(
            "The amount %(amount)s has no products behind it; it is written as entered by hand, so that it stays."
        ),
        "",
    ),
    (
        "amount-differs",
        W,
        N_("The amount follows from the products: it will be %(rows)s instead of %(amount)s."),
        N_("Check the products of the lead."),
    ),
    ("activities-moved", I, N_("Open activities that move to the deal and stay open: %(count)s."), ""),
    (
        "activities-completed",
        W,
        N_("Open activities that will be completed: %(count)s."),
        N_("Choose to keep activities open."),
    ),
    (
        "activity-full",
        W,
        N_(
            "Activity #%(id)s “%(subject)s” is bound to 100 records already and cannot be bound to the deal; closing the lead completes it."
        ),
        N_("Remove a binding that is no longer needed."),
    ),
    (
        "open-line",
        W,
        N_(
            "An open channel chat is attached (“%(subject)s”). Its activity moves to the deal; whether the chat follows is not documented."
        ),
        N_("Finish the conversation first, or check the chat after the switch."),
    ),
    (
        "deal-exists",
        W,
        N_("The lead has a deal already (%(deals)s); it gets one more."),
        N_("Exclude the lead if that deal is enough."),
    ),
    (
        "related-moved",
        I,
        N_("Will point at the deal: %(what)s (%(count)s)."),
        "",
    ),
    (
        "related-no-deal",
        W,
        N_("“%(title)s” cannot point at deals; records that stay with the lead: %(count)s."),
        N_("Allow deals in the settings of that field or smart process, then plan again."),
    ),
    (
        "related-left",
        W,
        N_("Point at the lead and stay with it: %(what)s (%(count)s)."),
        N_("Link them to the deal by hand after the switch."),
    ),
    (
        "origin-taken",
        I,
        N_(
            "The lead carries the mark of another integration (%(originator)s); the deal gets it back after our own mark has served."
        ),
        "",
    ),
    ("note-moved", I, N_("%(field)s goes to “Additional information” of the deal."), ""),
    ("parent-carried", I, N_("The link to record #%(id)s (%(field)s) is carried over to the deal."), ""),
    (
        "webform-dropped",
        I,
        N_("The number of the CRM form (%(id)s) cannot be written to a deal over REST."),
        "",
    ),
    ("excluded", I, N_("Left out of this plan by choice."), ""),
)
