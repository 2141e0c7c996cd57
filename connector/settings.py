"""All settings of Leadswitch in one class; the table in README is made from it. Must never read anything but environment and defaults."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from connector.errors import BadSetting

PREFIX = "LEADSWITCH_"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of the settings table: field name, environment variable, default as shown to people, help."""

    name: str
    env: str
    default: str
    help: str


def platform_data_dir() -> Path:
    """Where programs of this platform keep data of the user who runs them."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(home / "AppData" / "Local"))) / "leadswitch"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "leadswitch"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "leadswitch"


def _shown(default: str) -> dict[str, Any]:
    return {"shown": default}


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """Read from the environment (`LEADSWITCH_…`); an empty variable counts as not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    data_dir: Path = Field(
        default_factory=platform_data_dir,
        description="Folder for the database and the key file.",
        json_schema_extra=_shown("the platform's data folder, for example `~/.local/share/leadswitch`"),
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Database address: `sqlite:///file` or `postgresql://…`; several machines need PostgreSQL.",
        json_schema_extra=_shown("SQLite in the data folder"),
    )
    secret_keys: Annotated[list[SecretStr], NoDecode] = Field(
        default_factory=list,
        description="Fernet keys that encrypt credentials, newest first, separated by commas.",
        json_schema_extra=_shown("a key file with mode 0600 in the data folder"),
    )
    base_url: str = Field(
        default="",
        description="Public https address of this app, as entered in the Bitrix24 app card.",
        json_schema_extra=_shown("the address of the request"),
    )
    host: str = Field(default="127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(
        default=8080, ge=0, le=65535, description="Port that `serve` listens on; 0 takes a free one."
    )
    threads: int = Field(default=8, ge=1, le=256, description="Threads that answer requests.")
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=5,
        description="Number of reverse proxies in front whose `X-Forwarded-*` headers are believed.",
    )
    client_id: str = Field(default="", description="Code of the app, from its Bitrix24 card.")
    client_secret: SecretStr = Field(
        default=SecretStr(""), description="Key of the app, from its Bitrix24 card."
    )
    oauth_servers: Annotated[list[str], NoDecode] = Field(
        default=["https://oauth.bitrix.info", "https://oauth.bitrix24.tech"],
        description="OAuth servers that are believed and may receive the client secret, separated by commas; the first is the default.",
    )
    oauth_http_method: Literal["post", "get"] = Field(
        default="post", description="How tokens are renewed; `post` keeps the client secret out of addresses."
    )
    webhook: SecretStr | None = Field(
        default=None, description="Incoming webhook for the command line: `https://portal/rest/1/key/`."
    )
    portal: str = Field(
        default="", description="Portal for the command line, by domain, when the app is installed there."
    )
    connect_timeout: float = Field(
        default=10.0, gt=0, description="Seconds to wait for a connection to a portal."
    )
    read_timeout: float = Field(
        default=75.0, gt=0, description="Seconds to wait for an answer; Bitrix24 itself cuts requests at 60."
    )
    language: str = Field(
        default="",
        description="Language of the command line (`en`, `pl`, …); in the app it is the Bitrix24 user's.",
        json_schema_extra=_shown("that of the environment, else English"),
    )
    session_minutes: int = Field(
        default=60, ge=5, le=720, description="How long an opened app page stays signed in without use."
    )
    api_requests_per_minute: int = Field(
        default=120,
        ge=1,
        le=100_000,
        description="Requests that one key of the JSON API may make in a minute.",
    )
    plan_valid_days: int = Field(
        default=14, ge=1, le=365, description="Days that a plan can be carried out; leads change meanwhile."
    )
    operator: str = Field(
        default="",
        max_length=300,
        description="Name and postal address of who runs this installation; the privacy policy names it.",
    )
    contact: str = Field(
        default="",
        max_length=300,
        description="Where people reach support, and when: e-mail address and hours; shown in the privacy policy.",
    )
    retention_days: int = Field(
        default=90, ge=1, description="Days that plans, lead snapshots and journals are kept."
    )
    rest_log_days: int = Field(
        default=7,
        ge=3,
        le=14,
        description="Days that the masked log of REST requests is kept; Bitrix24 Market asks for at least 3.",
    )
    webhook_private_networks: bool = Field(
        default=False,
        description="Let outgoing webhooks reach private and loopback addresses, any port, plain http; only on your own server.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe message that is logged."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="Form of log lines; `auto` is text in a terminal and JSON elsewhere."
    )

    _comma_lists = field_validator("secret_keys", "oauth_servers", mode="before")(_split)

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        return _address(value) if value else value

    @field_validator("oauth_servers")
    @classmethod
    def _plain_addresses(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("at least one OAuth server is needed")
        return [_address(item) for item in value]

    @field_validator("portal")
    @classmethod
    def _bare_host(cls, value: str) -> str:
        return (urlsplit(value).netloc if "//" in value else value.split("/", 1)[0]).lower()

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Settings from the environment; `overrides` that are not None win. Raises `BadSetting`, which never quotes the value."""
        try:
            return cls(**{name: value for name, value in overrides.items() if value is not None})
        except ValidationError as problem:
            first = problem.errors(include_input=False, include_url=False)[0]
            name = str(first["loc"][0]) if first["loc"] else "settings"
            raise BadSetting(
                setting=f"{PREFIX}{name.upper()}", reason=first["msg"].removeprefix("Value error, ")
            ) from None

    @classmethod
    def table(cls) -> list[SettingRow]:
        """Every setting, in the order of the class."""
        return [_row(name, field) for name, field in cls.model_fields.items()]

    @property
    def key_file(self) -> Path:
        """Where secret keys live when none are set."""
        return self.data_dir / "secret.keys"

    def effective_database_url(self) -> str:
        """`database_url`, or SQLite in the data folder."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'leadswitch.db'}"


def settings_markdown(rows: Iterable[SettingRow] | None = None) -> str:
    """The settings table as Markdown, for README."""
    lines = ["| Environment variable | Default | What it does |", "|---|---|---|"]
    lines += [
        f"| `{row.env}` | {row.default} | {row.help} |"
        for row in (rows if rows is not None else Settings.table())
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, field: Any) -> SettingRow:
    extra = field.json_schema_extra or {}
    default = extra.get("shown") or _readable(field.default)
    return SettingRow(name, f"{PREFIX}{name.upper()}", default, field.description or "")


def _readable(value: Any) -> str:
    if value is None or value == "" or (isinstance(value, SecretStr) and not value.get_secret_value()):
        return "–"
    if isinstance(value, list):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _address(value: str) -> str:
    """`scheme://host[:port]` in lower case, without a path; http only for this machine."""
    parts = urlsplit(value.strip())
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username
        or parts.query
        or parts.fragment
    ):
        raise ValueError("it must look like https://host")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("it must start with https (http is for this machine only)")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
