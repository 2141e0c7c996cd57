"""The options of `leadswitch plan`, made from the table of `connector.planning.options`. Must never add a choice of its own.

Every row of the table is one option of the same name, with dashes. The row `leads` is six: which leads are in scope.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
from pydantic import ValidationError

from connector.errors import ConfigError
from connector.i18n import N_
from connector.planning.options import OPTIONS, Option, Options

F = TypeVar("F", bound=Callable[..., Any])


class WrongOptions(ConfigError):
    """Options that contradict each other or have a wrong form; nothing was read from the portal yet."""

    key = "config.options"
    what = N_("These options cannot be used: %(problems)s")
    todo = N_("See `leadswitch plan --help` for the choices.")


class _Scope(NamedTuple):
    flag: str
    metavar: str
    help: str


# The parts of `Options.leads`, one flag each.
SCOPE: dict[str, _Scope] = {
    "stages": _Scope("--lead-stages", "ID,…", "Only leads in these stages."),
    "sources": _Scope("--lead-sources", "ID,…", "Only leads from these sources."),
    "responsible": _Scope("--lead-responsible", "ID,…", "Only leads of these employees."),
    "created_from": _Scope("--created-from", "DATE", "Only leads created on this day or later."),
    "created_to": _Scope("--created-to", "DATE", "Only leads created on this day or before."),
    "ids": _Scope("--leads", "ID,…", "Only these leads."),
    "exclude": _Scope("--exclude", "ID,…", "All but these leads."),
}

_LEADS = "leads"
_PAIRS = "LEAD_STAGE=DEAL_STAGE"
_FIELDS = "ENTITY.FROM=TO"
_NUMBER_OR: Mapping[str, str] = {"pipeline": "new", "responsible": "keep"}
"""Options that are an ID, or this word."""


def planning_options(command: F) -> F:
    """Adds one option per row of the table, and `--options FILE`; they arrive together as the mapping `chosen`."""
    for row in reversed(OPTIONS):
        command = _scope(command) if row.name == _LEADS else _option(row)(command)
    return click.option(
        "--options",
        "options_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Options as a JSON file; what is given on the command line wins.",
    )(command)


def _option(row: Option) -> Callable[[F], F]:
    flag = "--" + row.name.replace("_", "-")
    text = row.help + (f"  [default: {row.default}]" if row.default else "")
    if row.form in (_PAIRS, _FIELDS):
        return click.option(
            flag, row.name, metavar=row.form, multiple=True, help=f"{row.help}; may be given more than once"
        )
    if row.values and not row.form:
        return click.option(
            flag, row.name, type=click.Choice([str(value) for value in row.values]), default=None, help=text
        )
    return click.option(flag, row.name, metavar=row.form or None, default=None, help=text)


def _scope(command: F) -> F:
    for name, part in reversed(SCOPE.items()):
        command = click.option(
            part.flag, f"leads_{name}", metavar=part.metavar, default=None, help=part.help
        )(command)
    return command


def gather(options_file: Path | None, values: Mapping[str, Any]) -> Options:
    """The checked options: the file first, then the command line over it. Raises `WrongOptions` naming each problem."""
    raw = _from_file(options_file) if options_file else {}
    scope = {name: given for name in SCOPE if (given := values.get(f"leads_{name}"))}
    if scope:
        raw[_LEADS] = {**raw.get(_LEADS, {}), **scope}
    for row in OPTIONS:
        given = values.get(row.name)
        if row.name == _LEADS or given in (None, ()):
            continue
        if row.form == _PAIRS:
            raw[row.name] = {**raw.get(row.name, {}), **dict(_pair(text) for text in given)}
        elif row.form == _FIELDS:
            raw[row.name] = _merged(raw.get(row.name, {}), given)
        else:
            raw[row.name] = _number(row.name, given) if row.name in _NUMBER_OR else given
    try:
        return Options.model_validate(raw)
    except ValidationError as wrong:
        raise WrongOptions(problems="; ".join(_problem(error) for error in wrong.errors())) from None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as wrong:
        raise WrongOptions(problems=f"{path.name}: {wrong}") from None
    if not isinstance(raw, dict):
        raise WrongOptions(problems=f"{path.name}: an object was expected")
    return raw


def _number(name: str, given: str) -> int | str:
    """An ID, or the one word that is allowed in its place."""
    if given.isdecimal():
        return int(given)
    if given != _NUMBER_OR[name]:
        raise WrongOptions(problems=f"--{name} {given}: an ID or {_NUMBER_OR[name]!r} was expected")
    return given


def _pair(text: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (left and equals):
        raise WrongOptions(problems=f"{text!r} has not the form {_PAIRS}")
    return left.strip(), right.strip()


def _merged(base: Mapping[str, Any], given: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """`deal.UF_CRM_A=UF_CRM_B` → `{"deal": {"UF_CRM_A": "UF_CRM_B"}}`, over what the file had."""
    result = {entity: dict(pairs) for entity, pairs in base.items()}
    for text in given:
        entity, dot, pair = text.partition(".")
        if not dot:
            raise WrongOptions(problems=f"{text!r} has not the form {_FIELDS}")
        name, target = _pair(pair)
        result.setdefault(entity, {})[name] = target
    return result


def _problem(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg']}" if place else str(error["msg"])


def options_markdown() -> str:
    """The table of options as Markdown, for docs/cli.md."""
    lines = ["| Option | Values | Default | What it does |", "|---|---|---|---|"]
    for row in OPTIONS:
        if row.name == _LEADS:
            lines += [f"| `{part.flag}` | `{part.metavar}` | – | {part.help} |" for part in SCOPE.values()]
            continue
        values = f"`{row.form}`" if row.form else ", ".join(f"`{value}`" for value in row.values)
        default = f"`{row.default}`" if row.default else "–"
        lines.append(f"| `--{row.name.replace('_', '-')}` | {values} | {default} | {row.help} |")
    return "\n".join(lines).replace("id|new", "id\\|new").replace("keep|id", "keep\\|id") + "\n"
