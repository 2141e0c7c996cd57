"""Reads what Bitrix24 posts when it opens the app, an installer page or a placement. Believes nothing; `launch` and `install` verify.

Source: settings/oauth/simple-way.md: DOMAIN, PROTOCOL, LANG and APP_SID in the query, the rest in the form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from connector.bitrix.launch import Launch
from connector.bitrix.records.events import EventAuth, PagePost
from connector.errors import LaunchRefused

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Opening:
    """A page POST. `launch` is what has to be verified; the rest only decides what is shown, except `application_token`."""

    launch: Launch
    application_token: str = field(default="", repr=False)
    language: str = ""
    app_sid: str = field(default="", repr=False)
    placement: str = "DEFAULT"
    placement_options: Mapping[str, Any] = field(default_factory=dict)


def parse_opening(query: Mapping[str, str], form: Mapping[str, str]) -> Opening:
    """Query and form of the POST. Raises `LaunchRefused` when something that must be there is missing or unreadable."""
    try:
        post = PagePost.model_validate({**form, **query})
    except (ValidationError, RecursionError):
        raise LaunchRefused("the launch is not readable") from None
    if not (post.auth_id and post.member_id and post.domain):
        raise LaunchRefused("the launch is incomplete")
    launch = Launch(
        auth_id=post.auth_id,
        refresh_id=post.refresh_id,
        expires_in=_life(post.auth_expires),
        member_id=post.member_id,
        domain=post.domain,
        server_endpoint=post.server_endpoint,
        status=post.status,
    )
    return Opening(
        launch=launch,
        application_token=post.application_token,
        language=post.lang[:8].lower(),
        app_sid=post.app_sid,
        placement=post.placement,
        placement_options=post.placement_options,
    )


def launch_of_event(auth: EventAuth) -> Launch:
    """The tokens that ONAPPINSTALL and ONAPPUPDATE carry, in the form of a launch."""
    return Launch(
        auth_id=auth.access_token,
        refresh_id=auth.refresh_token,
        expires_in=_life(auth.expires_in),
        member_id=auth.member_id,
        domain=auth.domain,
        server_endpoint=auth.server_endpoint,
        status=auth.status,
    )


def _life(claimed: int | None) -> int:
    """Seconds that a token is good for: never more than the documented hour, whatever the post says."""
    return min(claimed, _HOUR) if claimed and claimed > 0 else _HOUR
