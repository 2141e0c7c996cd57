"""Portals: installing, credentials and their renewal, who may do what. Must never believe a launch or event before it is verified."""

from connector.portals.access import open_client
from connector.portals.install import install, set_up
from connector.portals.launch import Opened, launch
from connector.portals.opening import Opening, parse_opening
from connector.portals.refs import PortalRef, all_portals, find_portal, portal_ref
from connector.portals.rights import Action, Viewer, may, require
from connector.portals.webhook import register_webhook

__all__ = [
    "Action",
    "Opened",
    "Opening",
    "PortalRef",
    "Viewer",
    "all_portals",
    "find_portal",
    "install",
    "launch",
    "may",
    "open_client",
    "parse_opening",
    "portal_ref",
    "register_webhook",
    "require",
    "set_up",
]
