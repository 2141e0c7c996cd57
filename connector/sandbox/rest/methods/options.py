"""app.option.* and user.option.* (common/settings): small settings of an application."""

from __future__ import annotations

from typing import Any

from connector.sandbox.errors import RestError
from connector.sandbox.rest.call import Call, method


def _app(call: Call) -> str:
    if call.app is None:
        raise RestError("AccessException", "Application context required")
    return call.app.client_id


def _options(call: Call) -> dict[str, Any]:
    options = call.map("options")
    if not options:
        raise RestError("ArgumentNullException", "options is empty")
    return options


def _answer(stored: dict[str, Any], call: Call) -> Any:
    name = call.get("option")
    return stored.get(str(name)) if name not in (None, "") else dict(stored)


@method("app.option.get", scope="")
def app_get(call: Call) -> Any:
    return _answer(call.world.app_options.get(_app(call), {}), call)


@method("app.option.set", scope="")
def app_set(call: Call) -> Any:
    client = _app(call)
    if not call.user.is_admin:
        raise RestError("AccessException", "Administrator authorization required")
    call.world.app_options.setdefault(client, {}).update(_options(call))
    return True


@method("user.option.get", scope="")
def user_get(call: Call) -> Any:
    return _answer(call.world.user_options.get((_app(call), call.user.id), {}), call)


@method("user.option.set", scope="")
def user_set(call: Call) -> Any:
    call.world.user_options.setdefault((_app(call), call.user.id), {}).update(_options(call))
    return True
