"""Who a credential belongs to, as the portal itself says. Must never be filled from what a browser sent."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.bitrix.client import BitrixClient
from connector.errors import AccessDenied, BadAnswer


@dataclass(frozen=True, slots=True)
class Profile:
    """Result of `profile` (api-reference/common/users/profile.md): user id, name to show, whether administrator."""

    user_id: int
    name: str
    is_admin: bool


def read_profile(client: BitrixClient) -> Profile:
    """Ask the portal. Raises `AccessDenied` for an inactive user (the portal answers with an empty map), else as `BitrixClient.call`."""
    result = client.call("profile").result
    if not result:
        raise AccessDenied("the user of this access is not active", portal=client.portal, method="profile")
    if not isinstance(result, Mapping) or not str(result.get("ID", "")).isdigit():
        raise BadAnswer("profile names no user", portal=client.portal, method="profile")
    name = " ".join(str(result.get(part) or "").strip() for part in ("NAME", "LAST_NAME")).strip()
    user_id = int(str(result["ID"]))
    return Profile(user_id, name or f"#{user_id}", result.get("ADMIN") in (True, "Y", "true", 1, "1"))
