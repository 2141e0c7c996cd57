"""Automation: verified Bitrix24 events in; rules and signed deliveries out. Must never believe an event before it is verified."""
