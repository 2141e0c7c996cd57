"""Puts the API together: every resource registers its operations when it is imported. Holds no rules of its own."""

from flask import Blueprint

from connector.web.api import (
    audit,
    deliveries,
    endpoints,
    key,
    mode,
    people,
    pipelines,
    plans,
    rules,
    runs,
)
from connector.web.api.caller import speak, tell_limit
from connector.web.api.etags import tag
from connector.web.api.operation import api

RESOURCES = (key, mode, pipelines, plans, runs, rules, endpoints, deliveries, audit, people)

api.before_request(speak)
# Run in the reverse order: the limit is told on an answer without a body, too.
api.after_request(tell_limit)
api.after_request(tag)


def blueprint() -> Blueprint:
    """All operations under `/api/v1`."""
    return api
