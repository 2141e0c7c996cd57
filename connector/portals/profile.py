"""Who a credential belongs to, as the portal itself says. Must never be filled from what a browser sent."""

from pydantic import ValidationError

from connector.bitrix.client import BitrixClient
from connector.bitrix.records.portal import Profile
from connector.errors import AccessDenied

__all__ = ["Profile", "read_profile"]


def read_profile(client: BitrixClient) -> Profile:
    """Ask the portal who it takes us for (`profile`). Raises `AccessDenied` when that user is not active, else as `BitrixClient.call`."""
    result = client.call("profile").result
    try:
        return Profile.model_validate(result)
    except ValidationError:
        # The answer is an empty map for somebody who was dismissed (api-reference/common/users/profile.md).
        raise AccessDenied(
            "the user of this access is not active", portal=client.portal, method="profile"
        ) from None
