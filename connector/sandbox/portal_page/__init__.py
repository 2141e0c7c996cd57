"""The portal page: what an employee sees in the browser. Honest about being a sandbox; loads nothing from elsewhere."""

from connector.sandbox.portal_page.app import create_app

__all__ = ["create_app"]
