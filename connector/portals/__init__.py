"""Portals: installing, credentials and their renewal, who may do what. Must never believe a launch or event before it is verified."""
