"""The one error the sandbox's REST answers with; it never carries a secret."""

from __future__ import annotations

from typing import Any


class RestError(Exception):
    """A documented refusal: `{"error": code, "error_description": description}` with an HTTP status.

    The old CRM families send an empty code and only a text (rest_contract.md 1.5), so `code` may be "".
    `extra` holds further keys of the answer (placement.bind sends `argument`).
    """

    def __init__(self, code: str | int, description: str, status: int = 400, **extra: Any) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The error envelope without `time`."""
        return {"error": self.code, "error_description": self.description, **self.extra}


def access_denied(text: str = "Access denied", status: int = 400) -> RestError:
    """Refusal of the newer method families."""
    return RestError("ACCESS_DENIED", text, status)


def not_found(text: str = "Element not found", status: int = 400) -> RestError:
    """NOT_FOUND of the newer method families."""
    return RestError("NOT_FOUND", text, status)


def old_error(text: str, status: int = 400) -> RestError:
    """Error of the old CRM families: the code is an empty string."""
    return RestError("", text, status)
