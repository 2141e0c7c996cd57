"""Leadswitch: makes changing the CRM mode of a Bitrix24 portal safe. Holds no code of its own; the rooms below do."""
