"""What must hold for every lead that a portal can hold, found by machine: nothing vanishes, nothing depends on order or chance."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.planning import records
from connector.planning.customfields import is_empty, shown, values
from connector.planning.encode import lead_from_json, lead_to_json
from connector.planning.model import Do, LeadPlan, LeadSnapshot, Severity
from connector.planning.options import Activities, Clients, CompanyTitle, Create, Options, Variant
from connector.planning.planner import plan_leads
from tests.planning.portal import FACTS, LEAD_STAGES, USER_FIELDS, activity, lead

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
PHONES = st.sampled_from(
    ["600 100 200", "+48 600-100-200", "48600100200", "700100300", "w. 12", "+1 202 555 0134", ""]
)
EMAILS = st.sampled_from(["jan@example.com", "JAN@example.com", "ewa@example.org", "zły@@adres", "", "x"])
UF_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "ufCrm_101": TEXT,
    "ufCrm_102": st.sampled_from([None, 11, 12, 13, 99]),
    "ufCrm_103": st.lists(st.sampled_from([21, 22]), unique=True),
    "ufCrm_104": st.sampled_from([None, {"id": 5, "url": "u"}]),
    "ufCrm_112": st.lists(st.sampled_from([{"id": 6}, {"id": 7}]), max_size=2),
    "ufCrm_113": st.sampled_from([None, {"id": 8}]),
    "ufCrm_105": st.sampled_from(["Y", "N", None]),
    "ufCrm_106": st.sampled_from([None, "", "1500|PLN"]),
    "ufCrm_107": st.sampled_from([None, "2026-12-01T03:00:00+03:00"]),
    "ufCrm_108": TEXT,
    "ufCrm_109": st.lists(TEXT, max_size=3),
    "ufCrm_110": st.sampled_from([None, 0, 7]),
    "ufCrm_111": st.sampled_from([None, "", "IT"]),
}
STANDARD: dict[str, st.SearchStrategy[Any]] = {
    "title": st.one_of(st.none(), TEXT),
    "name": TEXT,
    "lastName": TEXT,
    "secondName": TEXT,
    "post": TEXT,
    "companyTitle": TEXT,
    "comments": TEXT,
    "statusDescription": TEXT,
    "sourceId": st.sampled_from(["", "WEB", "CALL"]),
    "sourceDescription": TEXT,
    "utmSource": TEXT,
    "observers": st.lists(st.sampled_from([1, 7, 9]), unique=True),
    "stageId": st.sampled_from([s.id for s in LEAD_STAGES if s.semantics == "P"]),
    "assignedById": st.sampled_from([0, 1, 7, 9]),
    "opportunity": st.sampled_from([0, 10, 99.99, 1e6]),
    "isManualOpportunity": st.sampled_from(["Y", "N"]),
    "isReturnCustomer": st.sampled_from(["N", "N", "N", "Y"]),
    "contactIds": st.lists(st.integers(1, 9), max_size=2, unique=True),
    "companyId": st.sampled_from([0, None, 4]),
    "webformId": st.sampled_from([0, 3]),
    "originatorId": st.sampled_from(["", "1c"]),
    "parentId130": st.sampled_from([0, None, 8]),
    "parentId150": st.sampled_from([0, None, 8]),
    "brandNew": TEXT,
}


@st.composite
def snapshots(draw: st.DrawFn, id_: int) -> LeadSnapshot:
    fields = {name: draw(s) for name, s in STANDARD.items()} | {
        name: draw(s) for name, s in UF_VALUES.items()
    }
    written = [*draw(st.lists(PHONES, max_size=2)), *draw(st.lists(EMAILS, max_size=2))]
    fields["fm"] = [
        {"id": i, "typeId": "EMAIL" if "@" in v or v == "x" else "PHONE", "valueType": "WORK", "value": v}
        for i, v in enumerate(written, start=1)
    ]
    activities = [
        activity(id_ * 100 + i, completed=draw(st.booleans()), type_id=draw(st.sampled_from([1, 2, 3, 4, 6])))
        for i in range(draw(st.integers(0, 3)))
    ]
    products = [
        {"id": i, "productName": draw(TEXT), "price": draw(st.sampled_from([1.5, 10.0])), "quantity": 2}
        for i in range(draw(st.integers(0, 2)))
    ]
    bound = [
        {
            "entity": "contact",
            "id": i,
            "title": "x",
            "by": ["linked"],
            "fields": {"id": i, "name": "Ktoś", "fm": []},
        }
        for i in fields["contactIds"]
    ]
    found = draw(
        st.sampled_from(
            [
                [],
                [
                    {
                        "entity": "contact",
                        "id": 55,
                        "title": "Jan",
                        "by": ["600 100 200"],
                        "fields": {"id": 55, "name": "Jan", "fm": []},
                    }
                ],
                [
                    {
                        "entity": "company",
                        "id": 81,
                        "title": "T",
                        "by": ["x"],
                        "fields": {"id": 81, "title": "T", "fm": []},
                    }
                ],
            ]
        )
    )
    address = draw(
        st.sampled_from(
            [{}, {"CITY": "Łódź", "TYPE_ID": "1"}, {"CITY": "Łódź", "TYPE_ID": "1", "LOC_ADDR_ID": "8"}]
        )
    )
    return lead(
        id_, **fields, _activities=activities, _products=products, _matches=bound + found, _address=address
    )


PORTALS = st.integers(1, 5).flatmap(lambda n: st.tuples(*(snapshots(i + 1) for i in range(n))))
OPTIONS = st.builds(
    Options,
    create=st.sampled_from(list(Create)),
    pipeline=st.sampled_from([0, 4, "new"]),
    activities=st.sampled_from(list(Activities)),
    clients=st.sampled_from(list(Clients)),
    company_title=st.sampled_from(list(CompanyTitle)),
    variant=st.sampled_from(list(Variant)),
)
RELAXED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def text_of(plan: LeadPlan) -> str:
    """Everything that a plan writes or says about a lead, without its snapshot."""
    raw = lead_to_json(plan)
    return json.dumps([raw["managed"], raw["findings"]], ensure_ascii=False)


def written_or_said(plan: LeadPlan, value: Any) -> bool:
    return (
        json.dumps(value, ensure_ascii=False)[1:-1] in text_of(plan)
        if isinstance(value, str)
        else str(value) in text_of(plan)
    )


@RELAXED
@given(PORTALS, OPTIONS)
def test_every_active_lead_is_planned_exactly_once(leads: tuple[LeadSnapshot, ...], options: Options) -> None:
    plans = plan_leads(FACTS, options, leads)
    assert [p.id for p in plans] == sorted(s.id for s in leads)
    for plan in plans:
        deals = [a for a in plan.managed if a.do is Do.CREATE_DEAL]
        failed = any(f.severity is Severity.ERROR for f in plan.findings)
        assert len(deals) == (0 if failed else 1)
        assert bool(plan.managed) != failed


@RELAXED
@given(PORTALS, OPTIONS, st.randoms())
def test_neither_order_nor_repetition_changes_a_plan(
    leads: tuple[LeadSnapshot, ...], options: Options, chance: Any
) -> None:
    first = plan_leads(FACTS, options, leads)
    mixed = list(leads)
    chance.shuffle(mixed)
    assert plan_leads(FACTS, options, mixed) == first == plan_leads(FACTS, options, [*leads, *leads])


@RELAXED
@given(PORTALS, OPTIONS)
def test_no_value_vanishes_without_a_word(leads: tuple[LeadSnapshot, ...], options: Options) -> None:
    earlier: list[LeadPlan] = []
    for plan in plan_leads(FACTS, options, leads):
        if not plan.managed:
            continue
        fields = plan.snapshot.fields
        # What an earlier lead wrote into a client that both use is there already.
        before = [p for p in earlier if _known(plan, "")]
        earlier.append(plan)
        for key, value in fields.items():
            if key in records.OWN or key in UF_VALUES or is_empty(value) or value == 0:
                continue
            if key in ("stageId", "isManualOpportunity", "isReturnCustomer", "opened", "fm"):
                continue
            for one in value if isinstance(value, list) else [value]:
                matched = [
                    m
                    for m in plan.snapshot.matches
                    if str(m.fields.get(key, "")).casefold() == str(one).strip().casefold()
                ]
                here = written_or_said(plan, one) or written_or_said(plan, str(one).strip())
                assert here or matched or any(written_or_said(p, one) for p in before), f"{key}={one!r}"
        for entry in fields["fm"]:
            value = entry["value"].strip()
            assert (
                not value or written_or_said(plan, value) or value in str(plan.managed) or _known(plan, value)
            ), value
        for field in USER_FIELDS["lead"]:
            for one in values(field, fields):
                if field.type == "file":
                    copied = [a.params["files"] for a in plan.managed if a.do is Do.COPY_FILES]
                    said = {f.params["field"] for f in plan.findings if f.code == "file-not-carried"}
                    assert any(one["id"] in files for files in copied) or field.label in said
                elif field.type not in ("enumeration", "boolean"):
                    said_or_written = written_or_said(plan, one) or written_or_said(plan, shown(field, one))
                    assert said_or_written, f"{field.label}={one!r}"
                elif field.type == "enumeration":
                    assert _entry_written(plan, shown(field, one)) or written_or_said(
                        plan, shown(field, one)
                    ), field.label


def _known(plan: LeadPlan, value: str) -> bool:
    """The value belongs to a client that the lead uses: an existing one, or one of an earlier lead."""
    used = {a.do for a in plan.managed}
    return bool(used & {Do.REUSE_CONTACT, Do.REUSE_COMPANY, Do.LINK_CONTACT, Do.LINK_COMPANY})


def _entry_written(plan: LeadPlan, text: str) -> bool:
    for entity, fields in USER_FIELDS.items():
        if entity == "lead":
            continue
        for field in fields:
            ids = {id_ for id_, entry in field.enum.items() if entry.casefold() == text.casefold()}
            for action in plan.managed:
                where = [action.params.get("fields", {}), action.params.get("fill", {})]
                for record in where:
                    value = record.get(field.key)
                    if ids & set(value if isinstance(value, list) else [value]):
                        return True
    return False


@RELAXED
@given(PORTALS, OPTIONS)
def test_open_activities_never_stay_on_a_closed_lead(
    leads: tuple[LeadSnapshot, ...], options: Options
) -> None:
    for plan in plan_leads(FACTS, options, leads):
        if not plan.managed:
            continue
        order = [a.do for a in plan.managed]
        handled = {
            a.params["activity"] for a in plan.managed if a.do in (Do.UNBIND_ACTIVITY, Do.COMPLETE_ACTIVITY)
        }
        open_ = {a.id for a in plan.snapshot.activities if not a.completed and a.type_id != 3}
        assert handled == open_
        bound = {a.params["activity"] for a in plan.managed if a.do is Do.BIND_ACTIVITY}
        assert handled <= bound, "an activity would lose its last binding"
        assert order.index(Do.CLOSE_LEAD) > max(
            (i for i, d in enumerate(order) if d is Do.UNBIND_ACTIVITY), default=-1
        )


@RELAXED
@given(PORTALS, OPTIONS)
def test_references_name_an_action_of_the_same_lead_that_comes_before(
    leads: tuple[LeadSnapshot, ...], options: Options
) -> None:
    def refs(value: Any) -> set[str]:
        if isinstance(value, dict):
            return {str(value["ref"])} if "ref" in value else {r for v in value.values() for r in refs(v)}
        if isinstance(value, list):
            return {r for v in value for r in refs(v)}
        return set()

    plans = plan_leads(FACTS, options, leads)
    made = {p.id: {a.key for a in p.managed if a.do in (Do.CREATE_CONTACT, Do.CREATE_COMPANY)} for p in plans}
    for plan in plans:
        before = {"pipeline"}
        for action in plan.managed:
            assert refs(dict(action.params)) <= before, action
            assert action.key not in before
            before.add(action.key)
            if action.do in (Do.REUSE_CONTACT, Do.REUSE_COMPANY):
                assert action.params["lead"] < plan.id
                assert action.key in made[action.params["lead"]]


@RELAXED
@given(PORTALS, OPTIONS)
def test_plans_survive_their_file(leads: tuple[LeadSnapshot, ...], options: Options) -> None:
    for plan in plan_leads(FACTS, options, leads):
        raw = lead_to_json(plan)
        again = json.loads(json.dumps(raw, ensure_ascii=False))
        assert lead_to_json(lead_from_json(again)) == again == json.loads(json.dumps(raw))
