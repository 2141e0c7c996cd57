"""Whether the process is alive, and whether it can work. Says no more than that, since anybody may ask."""

from flask import Blueprint, Response, jsonify

from connector.errors import DatabaseProblem
from connector.web.context import web

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """The database answers and the jobs run."""
    try:
        web().db.ping()
    except DatabaseProblem:
        return jsonify(status="database"), 503
    return (jsonify(status="ok"), 200) if web().engine.running else (jsonify(status="jobs"), 503)
