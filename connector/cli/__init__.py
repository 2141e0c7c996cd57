"""The shell: commands over the same services as the app. Must never do what a service should do for the app too."""

from connector.cli.entry import main

__all__ = ["main"]
