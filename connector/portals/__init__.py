"""Portals: installing, credentials and their renewal, who may do what. Must never believe a launch or event before it is verified."""

from connector.portals.access import open_client
from connector.portals.refs import PortalRef, all_portals, find_portal, portal_ref
from connector.portals.rights import Action, Viewer, may, require
from connector.portals.webhook import register_webhook

__all__ = [
    "Action",
    "PortalRef",
    "Viewer",
    "all_portals",
    "find_portal",
    "may",
    "open_client",
    "portal_ref",
    "register_webhook",
    "require",
]
