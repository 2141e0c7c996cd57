"""Store: database models and sessions, credentials encrypted. Must never call a portal."""
