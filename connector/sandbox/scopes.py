"""The scopes this portal knows, in the order `scope` answers them. Data only."""

from __future__ import annotations

ALL_SCOPES = (
    "crm",
    "user",
    "user_basic",
    "user_brief",
    "placement",
    "im",
    "bizproc",
    "task",
    "tasks",
    "log",
    "userfieldconfig",
    "department",
    "main",
)
