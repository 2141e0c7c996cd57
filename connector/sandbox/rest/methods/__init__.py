"""One module of REST methods per entity. `load()` fills the method table."""

from __future__ import annotations

from importlib import import_module

_MODULES = (
    "system",
    "options",
    "users",
    "items",
    "item_import",
    "files",
    "lead_family",
    "contact_links",
    "product_rows",
    "categories",
    "statuses",
    "old_categories",
    "userfield_methods",
    "userfield_config",
    "activity_methods",
    "activity_bindings",
    "todo",
    "configurable_activities",
    "comments",
    "timeline_bindings",
    "log_messages",
    "duplicates",
    "requisites",
    "requisite_presets",
    "requisite_links",
    "requisite_userfields",
    "bank_details",
    "address_methods",
    "currencies",
    "tracking",
    "enums",
    "stage_history",
    "event_methods",
    "offline_events",
    "placements",
    "notifications",
    "notification_history",
    "feed",
    "triggers",
    "robots",
    "workflows",
    "tasks",
    "types",
    "companion",
)


def load() -> None:
    """Import every module, so that its methods are registered."""
    for name in _MODULES:
        import_module(f"{__name__}.{name}")
