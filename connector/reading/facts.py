"""What a portal is like, read in two requests: mode, user, stages, pipelines, custom fields, currencies, people, counts, workflows.

Must never guess: what could not be read stays unknown. Sources: rest_contract pages crm-settings-mode-get, universal/*, status/*,
userfield/*, currency/*, bizproc template list, common/users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from connector.bitrix.batch import BatchOutcome, Command, Outcome
from connector.bitrix.client import BitrixClient
from connector.planning.model import (
    CrmMode,
    Known,
    Person,
    Pipeline,
    PortalFacts,
    Stage,
)

from . import referrers
from .country import country_of
from .leadsources import lead_sources
from .pool import error_of
from .userfields import user_fields

LEAD, DEAL, CONTACT, COMPANY = 1, 2, 3, 4
ENTITIES: Mapping[str, int] = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
PAGE = 50

# Answers where the CRM mode can be set over REST: on self-hosted portals with our companion.
SETTER_PROBE = "leadswitch.version"
# What creates records without automation; `method.get` wants lower case.
IMPORT_PROBE = "crm.item.batchimport"

# Asked in one request. The second part names what a plan cannot be made without; the rest may be refused (rights, scopes).
_NEEDED = frozenset(
    {"mode", "profile", "stages", "categories", "deal_stages", *(f"fields_{e}" for e in ENTITIES)}
)


def _first() -> list[Command]:
    def directory(label: str, entity: str) -> Command:
        return Command(label, "crm.status.list", {"filter": {"ENTITY_ID": entity}, "order": {"SORT": "ASC"}})

    return [
        Command("mode", "crm.settings.mode.get"),
        Command("profile", "profile"),
        Command("app", "app.info"),
        Command("setter", SETTER_PROBE),
        Command("smart", "crm.type.list"),
        Command("import", "method.get", {"name": IMPORT_PROBE}),
        Command("admin", "user.admin"),
        directory("stages", "STATUS"),
        directory("deal_stages", "DEAL_STAGE"),
        directory("sources", "SOURCE"),
        directory("types", "DEAL_TYPE"),
        Command("categories", "crm.category.list", {"entityTypeId": DEAL}),
        *(
            Command(f"fields_{name}", "crm.item.fields", {"entityTypeId": id_})
            for name, id_ in ENTITIES.items()
        ),
        *(Command(f"uf_{name}", f"crm.{name}.userfield.list", {"order": {"ID": "ASC"}}) for name in ENTITIES),
        Command("currencies", "crm.currency.list"),
        Command("base", "crm.currency.base.get"),
        Command(
            "active",
            "crm.item.list",
            {"entityTypeId": LEAD, "select": ["id"], "filter": {"stageSemanticId": "P"}},
        ),
        Command("n_deal", "crm.item.list", {"entityTypeId": DEAL, "select": ["id"]}),
        Command("n_contact", "crm.item.list", {"entityTypeId": CONTACT, "select": ["id"]}),
        Command("n_company", "crm.item.list", {"entityTypeId": COMPANY, "select": ["id"]}),
        Command("open_lines", "imopenlines.config.list.get"),
        Command("telephony", "telephony.externalLine.get"),
        Command("users", "user.get", {"sort": "ID", "order": "ASC"}),
        Command(
            "workflows",
            "bizproc.workflow.template.list",
            {
                "select": ["ID", "NAME", "MODULE_ID", "DOCUMENT_TYPE", "AUTO_EXECUTE", "PARAMETERS"],
                "filter": {"MODULE_ID": "crm"},
            },
        ),
    ]


def read_facts(
    client: BitrixClient, *, key: str = "", taken_at: datetime | None = None, via: str = ""
) -> PortalFacts:
    """Read the facts of the portal behind `client`. `key` is the portal's identity in our store (its host when not given).

    Raises the BitrixError of whatever is refused among the things that a plan cannot be made without.
    """
    first = client.batch(_first())
    for label in sorted(_NEEDED):
        if not first[label].ok:
            raise error_of(first[label], client.portal)
    pages = _Pages(client, first)
    semantic = first["active"].ok
    lead_stages = _stages(pages.rows("stages"))
    categories = _list(_map(first["categories"].result).get("categories"))
    smart = _list(_map(first["smart"].result).get("types")) if first["smart"].ok else None
    active, more = pages.second([*_second(categories, lead_stages, semantic), *referrers.smart_fields(smart)])
    counts = {
        s.id: more[f"n_{i}"].total or 0
        for i, s in enumerate(lead_stages)
        if s.semantics == "P" and more[f"n_{i}"].ok
    }
    fields = {e: _fields(first[f"fields_{e}"].result) for e in ENTITIES}
    customs = {e: user_fields(active[f"uf_{e}"], fields[e]) for e in ENTITIES}
    licence = _map(first["app"].result) if first["app"].ok else {}
    base = str(first["base"].result or "") if first["base"].ok else ""
    mode = CrmMode.CLASSIC if _int(first["mode"].result) == 1 else CrmMode.SIMPLE
    me, admin = _me(first)
    return PortalFacts(
        key=key or client.portal,
        host=client.portal,
        mode=mode,
        plan=str(licence.get("LICENSE") or ""),
        # No documented probe exists; a portal that works with leads now certainly has them.
        classic_available=Known.YES if mode is CrmMode.CLASSIC else Known.UNKNOWN,
        me=me,
        i_am_admin=admin,
        lead_stages=lead_stages,
        pipelines=_pipelines(categories, pages, more),
        user_fields=customs,
        currencies=tuple(str(c.get("CURRENCY")) for c in active["currencies"] if c.get("CURRENCY")),
        base_currency=base,
        deal_types=tuple(str(t.get("STATUS_ID")) for t in active["types"]),
        people=_people(active["users"]),
        active_leads_by_stage=counts,
        workflows=tuple(active["workflows"]) if first["workflows"].ok else None,
        taken_at=taken_at.isoformat(timespec="seconds") if taken_at else "",
        country=country_of(client.portal, str(licence.get("LICENSE") or ""), base),
        item_fields=fields,
        active_total=(first["active"].total or 0) if semantic else sum(counts.values()),
        sources={str(s.get("STATUS_ID")): str(s.get("NAME")) for s in active["sources"]},
        clients={e: first[f"n_{e}"].total or 0 for e in ("deal", "contact", "company") if first[f"n_{e}"].ok},
        via=via,
        mode_setter=first["setter"].ok,
        imports=_has_method(first["import"]),
        referrers=referrers.all_of(customs, smart, more),
        smart_listed=smart is not None,
        lead_sources=lead_sources(first["open_lines"], first["telephony"]),
    )


def _has_method(outcome: Outcome) -> Known:
    """What `method.get` says (common/system): there and allowed, or not; unknown where it could not be asked."""
    if not outcome.ok:
        return Known.UNKNOWN
    answer = _map(outcome.result)
    there = all(answer.get(name) in (True, "Y", "true", 1) for name in ("isExisting", "isAvailable"))
    return Known.YES if there else Known.NO


def _second(categories: list[dict[str, Any]], stages: tuple[Stage, ...], semantic: bool) -> list[Command]:
    """What depends on the first answers: stages of further pipelines, and how many leads each stage holds."""
    commands = [
        Command(
            f"stages_{_int(c.get('id'))}",
            "crm.status.list",
            {"filter": {"ENTITY_ID": f"DEAL_STAGE_{_int(c.get('id'))}"}, "order": {"SORT": "ASC"}},
        )
        for c in categories
        if _int(c.get("id"))
    ]
    for i, stage in enumerate(stages):
        if stage.semantics == "P":
            condition = {"stageId": stage.id} | ({"stageSemanticId": "P"} if semantic else {})
            commands.append(
                Command(
                    f"n_{i}", "crm.item.list", {"entityTypeId": LEAD, "select": ["id"], "filter": condition}
                )
            )
    return commands


class _Pages:
    """Lists of the first request whose later pages are still to come."""

    _LISTS = (
        "stages",
        "deal_stages",
        "sources",
        "types",
        "users",
        "workflows",
        "currencies",
        *(f"uf_{e}" for e in ENTITIES),
    )

    def __init__(self, client: BitrixClient, first: BatchOutcome) -> None:
        self._client = client
        self._commands = {c.label: c for c in _first()}
        self._first = first

    def rows(self, label: str) -> list[dict[str, Any]]:
        """The rows of the first page; none where it was refused."""
        return _list(self._first[label].result) if self._first[label].ok else []

    def second(self, commands: list[Command]) -> tuple[dict[str, list[dict[str, Any]]], BatchOutcome]:
        """Send `commands` together with the later pages. All rows by label, and the outcomes of `commands`."""
        rows = {label: self.rows(label) for label in self._LISTS}
        later: list[tuple[str, Command]] = []
        for label in self._LISTS:
            outcome = self._first[label]
            for start in range(PAGE, outcome.total or 0, PAGE) if outcome.next else ():
                command = self._commands[label]
                later.append(
                    (label, Command(f"{label}_{start}", command.method, {**command.params, "start": start}))
                )
        outcomes = self._client.batch([*commands, *(c for _, c in later)])
        for label, command in later:
            if not outcomes[command.label].ok:
                raise error_of(outcomes[command.label], self._client.portal)
            rows[label] += _list(outcomes[command.label].result)
        return rows, outcomes


def _pipelines(
    categories: list[dict[str, Any]], pages: _Pages, more: Mapping[str, Outcome]
) -> tuple[Pipeline, ...]:
    found = []
    for category in categories:
        id_ = _int(category.get("id"))
        rows = pages.rows("deal_stages") if not id_ else _list(more[f"stages_{id_}"].result)
        default = category.get("isDefault") in ("Y", True)
        found.append(
            Pipeline(id_, str(category.get("name") or ""), _int(category.get("sort")), default, _stages(rows))
        )
    return tuple(sorted(found, key=lambda p: (p.sort, p.id)))


_SEMANTICS: Mapping[str, str] = {"process": "P", "success": "S", "failure": "F", "apology": "F"}


def _stages(rows: Iterable[Mapping[str, Any]]) -> tuple[Stage, ...]:
    found = []
    for row in rows:
        extra = _map(row.get("EXTRA"))
        semantics = str(row.get("SEMANTICS") or "") or _SEMANTICS.get(str(extra.get("SEMANTICS")), "P")
        color = str(row.get("COLOR") or extra.get("COLOR") or "")
        found.append(
            Stage(
                str(row.get("STATUS_ID")), str(row.get("NAME") or ""), _int(row.get("SORT")), semantics, color
            )
        )
    return tuple(sorted(found, key=lambda s: (s.sort, s.id)))


def _me(first: BatchOutcome) -> tuple[Person, bool]:
    profile = _map(first["profile"].result)
    name = " ".join(str(profile[n]) for n in ("NAME", "LAST_NAME") if profile.get(n))
    admin = first["admin"].result if first["admin"].ok else profile.get("ADMIN")
    return Person(_int(profile.get("ID")), name, True), admin in (True, "Y", "true", 1)


def _people(rows: Iterable[Mapping[str, Any]]) -> dict[int, Person]:
    found = {}
    for row in rows:
        name = " ".join(str(row[n]) for n in ("NAME", "LAST_NAME") if row.get(n))
        active = row.get("ACTIVE")
        found[_int(row.get("ID"))] = Person(
            _int(row.get("ID")), name, None if active is None else active in (True, "Y", "true", 1)
        )
    return found


def _fields(result: object) -> dict[str, dict[str, Any]]:
    return {str(k): dict(_map(v)) for k, v in _map(_map(result).get("fields")).items()}


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[dict[str, Any]]:
    return [dict(row) for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _int(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0
