"""How a sandbox is started: the options of `python -m connector.sandbox`, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SandboxConfig:
    """Start options. `port` 0 takes a free one; `client_id`/`client_secret` empty are invented by the seed."""

    host: str = "127.0.0.1"
    port: int = 0
    leads: int = 300
    seed: int = 1
    mode: str = "classic"
    plan: str = "enterprise"
    limits: str = "documented"
    tls: bool = False
    self_hosted: bool = False
    mix: str = ""
    client_id: str = ""
    client_secret: str = ""
    app_url: str = ""
    install_url: str = ""

    def __post_init__(self) -> None:
        choices = {
            "mode": ("classic", "simple"),
            "plan": ("enterprise", "professional", "no-leads"),
            "limits": ("documented", "off"),
            "mix": ("", "A", "B", "C"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(filter(None, allowed))}")
        if self.leads < 0 or not 0 <= self.port <= 65535:
            raise ValueError("leads must not be negative and port must be 0..65535")
