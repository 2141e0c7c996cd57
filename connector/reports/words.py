"""What actions, kinds and states are called in reports and in the shell. Data and lookups only; must never decide anything."""

from collections.abc import Mapping
from typing import Any

from connector.errors import sentences
from connector.i18n import N_, _
from connector.planning.model import Do, LeadKind, Severity

Json = Mapping[str, Any]

SEVERITY: Mapping[str, str] = {
    Severity.ERROR: N_("error"),
    Severity.DATA_LOSS: N_("data loss"),
    Severity.WARNING: N_("warning"),
    Severity.INFO: N_("information"),
}
KIND: Mapping[str, str] = {LeadKind.NEW: N_("new"), LeadKind.REPEAT: N_("repeat")}
MODE: Mapping[str, str] = {"classic": N_("Classic CRM"), "simple": N_("Simple CRM")}

# One sentence per action of a plan; the places are filled by `_places`.
ACTION: Mapping[str, str] = {
    Do.CREATE_PIPELINE: N_("Create the pipeline “%(name)s”"),
    Do.CREATE_FIELD: N_("Create the custom field %(name)s for %(entity)s"),
    Do.CREATE_COMPANY: N_("Create the company “%(name)s”"),
    Do.CREATE_CONTACT: N_("Create the contact “%(name)s”"),
    Do.LINK_COMPANY: N_("Use the existing company #%(id)s; fields filled: %(fill)s"),
    Do.LINK_CONTACT: N_("Use the existing contact #%(id)s; fields filled: %(fill)s"),
    Do.REUSE_COMPANY: N_("Use the company that lead #%(lead)s creates"),
    Do.REUSE_CONTACT: N_("Use the contact that lead #%(lead)s creates"),
    Do.ADD_ADDRESS: N_("Add the address to the %(entity)s"),
    Do.CREATE_DEAL: N_("Create the deal “%(name)s” in stage %(stage)s"),
    Do.COPY_FILES: N_("Upload %(files)s file(s) of the lead again to the %(entity)s"),
    Do.SET_PRODUCTS: N_("Set %(count)s product rows"),
    Do.BIND_ACTIVITY: N_("Show activity #%(activity)s in the deal"),
    Do.UNBIND_ACTIVITY: N_("Take activity #%(activity)s off the lead, so that it stays open"),
    Do.COMPLETE_ACTIVITY: N_("Complete activity #%(activity)s"),
    Do.MOVE_RELATED: N_("Let the %(what)s #%(id)s point at the deal instead of the lead"),
    Do.BIND_COMMENTS: N_("Show the timeline comments in the deal"),
    Do.NOTE_HISTORY: N_("Note the creation date and stage of the lead in the deal's timeline"),
    Do.RESTORE_ORIGIN: N_("Give the deal the external origin of the lead"),
    Do.CLOSE_LEAD: N_("Close the lead in stage %(stage)s"),
    Do.LINK_LEAD: N_("Link the closed lead with its clients"),
}


RELATED: Mapping[str, str] = {
    "task": N_("task"),
    "2": N_("deal"),
    "3": N_("contact"),
    "4": N_("company"),
    "7": N_("quote"),
}
"""Types of records that point at leads; records of smart processes are shown by their number."""


def word(table: Mapping[str, str], value: str) -> str:
    """The translated word for `value`; a value that the table does not know is shown as it is."""
    return _(table[value]) if value in table else value


def action_text(action: Json, stages: Mapping[str, str] | None = None) -> str:
    """One action of a plan (`{"key", "do", "params"}`) as a sentence. `stages` are names by ID, of deals and of leads that get closed."""
    template = ACTION.get(action["do"])
    return _(template) % _places(action["params"], stages or {}) if template else str(action["do"])


def person(fields: Json) -> str:
    """How a contact with these fields is called."""
    return " ".join(str(fields[name]) for name in ("name", "secondName", "lastName") if fields.get(name))


def record_name(fields: Json) -> str:
    """How a record with these `crm.item` fields is called: its title, else the person's name."""
    return str(fields.get("title") or person(fields) or "–")


def client_text(action: Json | None, titles: Mapping[int, str]) -> str:
    """Which contact or company a lead gets; empty when none. `titles` name existing records by ID."""
    if action is None:
        return ""
    params = action["params"]
    if action["do"].startswith("create-"):
        return record_name(params["fields"])
    if action["do"].startswith("link-"):
        return f"#{params['id']} {titles.get(params['id'], '')}".rstrip()
    return _("as lead #%(lead)s", lead=params["lead"])


def stage_text(value: Any, names: Mapping[str, str]) -> str:
    """A stage by name. A stage of a pipeline that the plan creates has only its code yet."""
    if isinstance(value, Mapping):
        value = value.get("stage", "")
    return names.get(str(value), str(value or ""))


def _places(params: Json, stages: Mapping[str, str]) -> dict[str, Any]:
    fields = params.get("fields") or {}
    return {
        "name": params.get("name") or record_name(fields),
        "entity": params.get("entity", ""),
        "id": params.get("id", ""),
        "fill": ", ".join(params.get("fill") or ()) or "–",
        "lead": params.get("lead", ""),
        "stage": stage_text(fields.get("stageId") or params.get("stage") or "", stages),
        "count": len(params.get("rows") or ()),
        "activity": params.get("activity", ""),
        "files": len(params.get("files") or ()),
        "what": word(RELATED, str(params.get("type", ""))) if "type" in params else "",
    }


RUN_KIND: Mapping[str, str] = {
    "apply": N_("switch"),
    "undo": N_("undo"),
    "native": N_("Bitrix24's own switch, watched"),
}
RUN_STATE: Mapping[str, str] = {
    "queued": N_("queued"),
    "running": N_("running"),
    "pausing": N_("pausing"),
    "paused": N_("paused"),
    "cancelling": N_("being cancelled"),
    "cancelled": N_("cancelled"),
    "waiting": N_("waiting"),
    "done": N_("done"),
    "failed": N_("failed"),
}
LEAD_STATE: Mapping[str, str] = {
    "pending": N_("not begun"),
    "running": N_("under way"),
    "done": N_("converted"),
    "skipped": N_("skipped"),
    "failed": N_("failed"),
    "undone": N_("undone"),
    "kept": N_("kept in part"),
}

# Why a lead did not come through, or why something of it stayed: `run_lead.reason` and `why` of what was kept.
REASON: Mapping[str, str] = {
    "stale": N_("The lead was changed after the plan was made."),
    "gone": N_("The lead is not there any more."),
    "excluded": N_("It was left out of the plan."),
    "plan-has-errors": N_("The plan has an error for this lead."),
    "plan-not-sound": N_("The plan is not complete for this lead."),
    "too-busy": N_("New activities kept coming while the lead was converted."),
    "client-missing": N_("The client that another lead was to create is not there."),
    "partly": N_("Converted, but something of it could not be done."),
    "deviates": N_("Converted, but it came out differently from the plan."),
    "otherwise": N_("Bitrix24 converted it, but otherwise than predicted."),
    "edited": N_("Somebody changed it before Bitrix24 converted it."),
    "left-behind": N_("Bitrix24 left it behind: it is still in work."),
    "untouched": N_("Bitrix24 had not come to it when the watch ended."),
    "closed-by-hand": N_("It was closed without a new deal."),
    "changed": N_("Somebody has changed it since."),
    "used": N_("It is in use by now."),
    "shared": N_("Other leads of the run use it too."),
    "refused": N_("Bitrix24 refused to take it back."),
    "unreadable": N_("Bitrix24 would not let us look at it."),
}
NOT_RESTORED: Mapping[str, str] = {
    "robots": N_("what robots and workflows have done"),
    "stage-history": N_("stage history"),
    "ids": N_("IDs of deleted records"),
    "times": N_("dates of changes"),
    "activity-owner": N_("which record an activity names first"),
    "app-activities": N_("activities of other apps that were completed"),
}


CREATE: Mapping[str, str] = {
    "contact": N_("a contact"),
    "company": N_("a company"),
    "both": N_("contact and company"),
}
ACTIVITIES: Mapping[str, str] = {
    "keep-open": N_("keep activities open"),
    "complete": N_("complete activities"),
}
VARIANT: Mapping[str, str] = {
    "documented": N_("the user guide's dialog"),
    "mobile": N_("the mobile app's dialog"),
    "older-web": N_("the dialog of older web versions"),
}
FITS: Mapping[str, str] = {
    "yes": N_("fits everything that was seen"),
    "no": N_("does not fit"),
    "unknown": N_("cannot be told"),
}
ASPECT: Mapping[str, str] = {
    "converted": N_("converted or not"),
    "contact": N_("contact"),
    "company": N_("company"),
    "pipeline": N_("pipeline"),
    "stage": N_("stage of the deal"),
    "activities": N_("completed activities"),
    "products": N_("products"),
    "amount": N_("amount"),
    "fields": N_("other fields"),
    "goes-on-after-failure": N_("went on after a lead that failed"),
}
"""What Bitrix24's own conversion did otherwise than predicted; keys of `native_judge.ASPECTS`."""
_MADE: Mapping[tuple[str, str], str] = {
    ("contact", "yes"): N_("a contact was created"),
    ("contact", "no"): N_("no contact was created"),
    ("company", "yes"): N_("a company was created"),
    ("company", "no"): N_("no company was created"),
    ("converted", "yes"): N_("Bitrix24 converted it although it should have failed"),
}


def deviation_text(item: Json) -> str:
    """One thing that came out otherwise: `{"what", "wanted", "found"}`."""
    made = _MADE.get((str(item["what"]), str(item["found"])))
    if made is not None:
        return _(made)
    return _(
        "%(what)s is %(found)s instead of %(wanted)s", **{n: item[n] for n in ("what", "found", "wanted")}
    )


def choices_text(choices: Json) -> str:
    """What to choose in Bitrix24's own dialog: `{"create", "pipeline", "pipeline_name", "activities"}` of a watched switch."""
    if not choices:
        return ""
    name = choices.get("pipeline_name") or f"#{choices['pipeline']}"
    parts = (
        word(CREATE, choices["create"]),
        _("pipeline “%(name)s”", name=name),
        word(ACTIVITIES, choices["activities"]),
    )
    return ", ".join(parts)


def variant_lines(native: Json) -> list[str]:
    """Per variant of Bitrix24's dialog, whether it fits what was seen, and where not; of the report of a watched switch."""
    lines = []
    for one in native.get("variants", ()):
        where = ", ".join(f"{word(ASPECT, name)} ({n})" for name, n in sorted(one["aspects"].items()))
        line = f"{word(VARIANT, one['variant'])}: {word(FITS, one['fits'])}"
        lines.append(f"{line} – {where}" if where else line)
    return lines


def problem_text(detail: Json) -> str:
    """What went wrong with one lead and what had to stay, in a few words; empty when all went well."""
    parts = []
    if predicted := detail.get("predicted"):
        parts.append(_("predicted to fail: %(why)s", why=predicted))
    if edited := detail.get("edited"):
        parts.append(_("changed: %(fields)s", fields=", ".join(edited)))
    problem = detail.get("problem")
    if problem and problem.get("code") == "stale":
        parts.append(_("changed: %(fields)s", fields=problem.get("text", "")))
    elif problem and problem.get("code") != "gone":
        parts.append(_step(problem))
    for item in detail.get("kept") or ():
        what = " ".join(str(item[name]) for name in ("what", "id") if item.get(name))
        parts.append(_("%(what)s stays: %(why)s", what=what, why=word(REASON, str(item.get("why", "")))))
    parts += [_step(item) for item in detail.get("left") or ()]
    parts += [deviation_text(item) for item in detail.get("deviations") or ()]
    return "; ".join(parts)


def wait_text(waits: Json) -> str:
    """The error or problem because of which a run rests, of its `waiting_for`; older rows have an error as English text only."""
    if isinstance(waits.get("detail"), Mapping):
        return problem_text({"problem": waits["detail"]})
    return " ".join(sentences(waits.get("told") or str(waits.get("text") or ""), _))


def _step(item: Json) -> str:
    """One step that was refused, in the portal's words; ours where it gave none."""
    code = item.get("code", "")
    text = item.get("text") or code
    if said := sentences(item.get("told"), _):
        text = f"{said[0]} ({code})" if code else said[0]
    return f"{item.get('step', '')}: {text}".strip(": ")
