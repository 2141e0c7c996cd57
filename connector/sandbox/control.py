"""The control surface below `/control`: JSON over HTTP, answered on the loopback only. See docs/sandbox.md.

It changes the portal's circumstances (settings, clock, faults, app), never what a REST method means.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from connector.sandbox import native, snapshot
from connector.sandbox.config import SandboxConfig
from connector.sandbox.control_people import ControlError, PeopleControls
from connector.sandbox.launch import Apps, LaunchRefused
from connector.sandbox.rest.dispatch import Dispatcher
from connector.sandbox.seeding import seed_world
from connector.sandbox.world import CLASSIC, PLANS, SIMPLE, Settings, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
MODES = {"classic": CLASSIC, "simple": SIMPLE, "1": CLASSIC, "2": SIMPLE}

# Settings that take one of a few values.
_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "mode": (CLASSIC, SIMPLE),
    "plan": tuple(PLANS),
    "native_variant": ("documented", "mobile", "older-web"),
    "unresolved_reference": ("text", "empty"),
    "batch_billing": ("inner", "outer"),
    "bindings_filter": ("any", "all"),
}


class ControlApp:
    """The WSGI application below `/control`."""

    def __init__(self, world: World, config: SandboxConfig, dispatcher: Dispatcher) -> None:
        self.world = world
        self.config = config
        self.dispatcher = dispatcher
        self.people = PeopleControls(world)
        self._pictures: dict[str, snapshot.Picture] = {}

    @property
    def apps(self) -> Apps:
        """Installing and removing applications; ControlError while the portal does not serve."""
        return self.people.lifecycle()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        status, body = self._answer(request)
        payload = json.dumps(body, default=str).encode()
        return Response(payload, status=status, content_type="application/json")(environ, start_response)

    def _answer(self, request: Request) -> tuple[int, Any]:
        if request.remote_addr not in LOOPBACK:
            return 403, {"error": "the control surface answers on the loopback only"}
        name = request.path.removeprefix("/control").strip("/")
        handler = self._routes().get((request.method, name))
        if handler is None:
            known = sorted(f"{verb} /control/{path}" for verb, path in self._routes())
            return 404, {"error": f"no such control: {request.method} /control/{name}", "controls": known}
        try:
            raw = request.get_data()
            data = json.loads(raw) if raw.strip() else {}
            if not isinstance(data, dict):
                raise ControlError("the body must be a JSON object")
            data.update({key: value for key, value in request.args.items() if key not in data})
            with self.world.lock:
                return 200, handler(data)
        except (ControlError, LaunchRefused, native.SwitchError, ValueError, TypeError, KeyError) as error:
            return 400, {"error": str(error)}

    def _routes(self) -> Mapping[tuple[str, str], Callable[[dict[str, Any]], Any]]:
        return {
            ("GET", ""): lambda _: {
                "controls": sorted(f"{verb} /control/{path}" for verb, path in self._routes())
            },
            ("GET", "state"): self._state,
            ("POST", "reset"): self._reset,
            ("POST", "seed"): self._reset,
            ("GET", "counters"): lambda _: dict(self.world.counters),
            ("POST", "counters/clear"): self._clear_counters,
            ("GET", "calls"): self._calls,
            ("GET", "snapshot"): self._snapshot,
            ("POST", "snapshot"): self._keep,
            ("GET", "diff"): self._diff,
            ("GET", "clock"): lambda _: self._clock_state(),
            ("POST", "clock"): self._clock,
            ("POST", "mode"): self._mode,
            ("GET", "settings"): lambda _: asdict(self.world.settings),
            ("POST", "settings"): self._settings,
            ("POST", "converter"): self._converter,
            ("POST", "native"): lambda data: native.run_control(self.world, data),
            ("GET", "faults"): lambda _: {"faults": self.dispatcher.faults.listing()},
            ("POST", "faults"): self._add_fault,
            ("POST", "faults/clear"): self._clear_faults,
            ("POST", "limits/clear"): self._clear_limits,
            **self.people.routes(),
            ("GET", "events"): self._events,
            ("POST", "events"): self._event_faults,
            ("GET", "automation"): self._automation,
            ("POST", "robot"): self._robot,
        }

    def _state(self, _: Mapping[str, Any]) -> Any:
        world = self.world
        return {
            "member_id": world.member_id,
            "mode": world.mode,
            "plan": world.settings.plan,
            "seed": world.seed,
            "records": {name: len(table) for name, table in world.tables.items()},
            "active_leads": len(world.leads.find("STATUS_SEMANTIC_ID", "P")),
            "users": [asdict(user) for user in world.users.values()],
            "webhooks": [{"user_id": hook.user_id} for hook in world.webhooks.values()],
            "event_handlers": len(world.event_handlers),
            "offline_queue": len(world.offline_queue),
            "placements": len(world.placements),
        }

    def _reset(self, data: Mapping[str, Any]) -> Any:
        """Seed anew; webhooks, installed apps and tokens stay as they were so that clients go on working."""
        world, config = self.world, self.config
        leads, seed = int(data.get("leads", config.leads)), int(data.get("seed", world.seed))
        mix = str(data.get("mix", config.mix))
        if mix not in {"", "A", "B", "C"} or leads < 0:
            raise ControlError("mix must be A, B, C or empty, leads must not be negative")
        hooks, tokens, refresh = world.webhooks, world.tokens, world.refresh_tokens
        handlers, placements, options = world.event_handlers, world.placements, world.app_options
        world.clear(seed)
        seed_world(world, leads=leads, mix=mix)
        world.webhooks, world.tokens, world.refresh_tokens = hooks, tokens, refresh
        world.event_handlers, world.placements, world.app_options = handlers, placements, options
        if "mode" in data:
            self._mode(data)
        self.dispatcher.faults.clear()
        self.dispatcher.limits.clear()
        return self._state({})

    def _clear_counters(self, _: Mapping[str, Any]) -> Any:
        self.world.counters.clear()
        self.world.call_log.clear()
        return {}

    def _calls(self, data: Mapping[str, Any]) -> Any:
        wanted, limit = str(data.get("method", "")).lower(), int(data.get("limit", 1000))
        calls = [call for call in self.world.call_log if not wanted or call["method"] == wanted]
        return {"calls": calls[-limit:]}

    def _snapshot(self, data: Mapping[str, Any]) -> Any:
        return snapshot.take(self.world, [name for name in str(data.get("tables", "")).split(",") if name])

    def _keep(self, data: Mapping[str, Any]) -> Any:
        name = str(data.get("name", "default"))
        self._pictures[name] = snapshot.take(self.world)
        return {"kept": name}

    def _diff(self, data: Mapping[str, Any]) -> Any:
        """Against a kept picture; `ignore` names fields to leave out, `volatile` stands for times of change."""
        name = str(data.get("name", "default"))
        if name not in self._pictures:
            raise ControlError(f"no snapshot is kept under the name {name}")
        ignore = {field for field in str(data.get("ignore", "")).split(",") if field}
        if "volatile" in ignore:
            ignore.update(snapshot.VOLATILE)
        return snapshot.diff(self._pictures[name], snapshot.take(self.world), ignore)

    def _clock_state(self) -> Any:
        return {"now": self.world.clock.now(), "speed": self.world.clock.speed}

    def _clock(self, data: Mapping[str, Any]) -> Any:
        if "advance" in data:
            self.world.clock.advance(float(data["advance"]))
        if "speed" in data:
            self.world.clock.set_speed(float(data["speed"]))
        return self._clock_state()

    def _mode(self, data: Mapping[str, Any]) -> Any:
        mode = MODES.get(str(data.get("mode", "")).lower())
        if mode is None:
            raise ControlError("mode must be classic or simple")
        self.world.settings.mode = mode
        return {"mode": self.world.mode}

    def _settings(self, data: Mapping[str, Any]) -> Any:
        known = {field.name: field for field in fields(Settings)}
        for name, value in data.items():
            if name not in known:
                raise ControlError(f"unknown setting {name}; known: {', '.join(sorted(known))}")
            current = getattr(self.world.settings, name)
            wanted = type(current)
            if name in _CHOICES and value not in _CHOICES[name]:
                raise ControlError(f"{name} must be one of {', '.join(map(str, _CHOICES[name]))}")
            if wanted is float and isinstance(value, int):
                value = float(value)  # noqa: PLW2901
            if not isinstance(value, wanted):
                raise ControlError(f"{name} must be {wanted.__name__}")
            setattr(self.world.settings, name, value)
        return asdict(self.world.settings)

    def _converter(self, data: Mapping[str, Any]) -> Any:
        for name, value in data.items():
            if not hasattr(self.world.converter, name):
                raise ControlError(f"unknown converter setting {name}")
            setattr(self.world.converter, name, value)
        return asdict(self.world.converter)

    def _add_fault(self, data: Mapping[str, Any]) -> Any:
        return asdict(self.dispatcher.faults.add(**data))

    def _clear_faults(self, data: Mapping[str, Any]) -> Any:
        if "id" in data:
            return {"removed": self.dispatcher.faults.remove(int(data["id"]))}
        self.dispatcher.faults.clear()
        return {}

    def _clear_limits(self, _: Mapping[str, Any]) -> Any:
        self.dispatcher.limits.clear()
        return {}

    def _events(self, _: Mapping[str, Any]) -> Any:
        return {
            "events": [
                {
                    "code": event.code,
                    "fields": event.fields,
                    "user": event.actor.user_id,
                    "kind": event.actor.kind,
                }
                for event in self.world.event_log
            ],
            "handlers": [
                {key: value for key, value in handler.items() if key != "client_id"}
                for handler in self.world.event_handlers
            ],
        }

    def _automation(self, _: Mapping[str, Any]) -> Any:
        steps = [row for row in self.world.workflow_instances if "RETURNED" in row or row["EVENT_TOKEN"]]
        return {
            "automation": list(self.world.automation_log),
            "robots": [{"code": row["CODE"], "name": row["NAME"]} for row in self.world.robots],
            "triggers": [{"code": row["CODE"], "name": row["NAME"]} for row in self.world.triggers],
            "steps": [{"document": row["DOCUMENT_ID"], "returned": row["RETURNED"]} for row in steps],
        }

    def _robot(self, data: Mapping[str, Any]) -> Any:
        """A lead or deal (`document`: LEAD_5, DEAL_7) comes to the robot with this `code`."""
        robot = next((row for row in self.world.robots if row["CODE"] == data.get("code")), None)
        kind = {"LEAD": "CCrmDocumentLead", "DEAL": "CCrmDocumentDeal"}.get(
            str(data.get("document", "")).split("_")[0]
        )
        if robot is None or kind is None:
            raise ControlError("no such robot, or document is not LEAD_n or DEAL_n")
        self.apps.call_robot(robot, ("crm", kind, str(data["document"])))
        return {}

    def _event_faults(self, data: Mapping[str, Any]) -> Any:
        """`lose` or `repeat` the next n deliveries, `delay` them by seconds."""
        settings = self.world.settings
        settings.events_lose = int(data.get("lose", settings.events_lose))
        settings.events_repeat = int(data.get("repeat", settings.events_repeat))
        settings.event_delay = float(data.get("delay", settings.event_delay))
        return {
            "lose": settings.events_lose,
            "repeat": settings.events_repeat,
            "delay": settings.event_delay,
        }
