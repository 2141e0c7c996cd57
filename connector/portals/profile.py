"""Who a credential belongs to, as the portal itself says. Must never be filled from what a browser sent."""

from dataclasses import dataclass

from pydantic import ValidationError

from connector.bitrix.client import BitrixClient
from connector.bitrix.records.portal import Profile as ProfileRecord
from connector.errors import AccessDenied


@dataclass(frozen=True, slots=True)
class Profile:
    """User id, name to show, and whether they are an administrator of the portal."""

    user_id: int
    name: str
    is_admin: bool


def read_profile(client: BitrixClient) -> Profile:
    """Ask the portal who it takes us for (`profile`). Raises `AccessDenied` when that user is not active, else as `BitrixClient.call`."""
    result = client.call("profile").result
    try:
        record = ProfileRecord.model_validate(result)
    except ValidationError:
        # The answer is an empty map for somebody who was dismissed (api-reference/common/users/profile.md).
        raise AccessDenied(
            "the user of this access is not active", portal=client.portal, method="profile"
        ) from None
    return Profile(record.id, record.full_name, record.admin)
