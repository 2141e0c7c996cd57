"""One of several processes that all want the same token renewed at once; started by `test_renewal`."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from typing import Any

import requests

from connector.bitrix.credentials import OAuthToken, RenewingToken
from connector.errors import GrantRevoked
from connector.portals.tokens import DatabaseTokenStore
from connector.store.database import Database


class HttpRenewer:
    """Renews at a counting server over real HTTP; a refresh token works once there."""

    def __init__(self, url: str) -> None:
        self._url = url

    def refresh(self, token: OAuthToken) -> OAuthToken:
        answer = requests.post(self._url, data={"refresh_token": token.refresh_token}, timeout=20)
        if answer.status_code != 200:
            raise GrantRevoked(code="invalid_grant", portal=token.portal)
        pair = answer.json()
        expires_at = datetime.now(UTC) + timedelta(hours=1)
        return replace(
            token, access_token=pair["access"], refresh_token=pair["refresh"], expires_at=expires_at
        )

    def named_endpoint(self, token: OAuthToken) -> str:
        return token.client_endpoint


def contend(
    start: Barrier, database_url: str, key: str, server: str, rounds: int, threads: int, outcome: Any
) -> None:
    """`threads` threads renew what they all saw, `rounds` times; puts the list of problems into `outcome`."""
    db = Database(database_url, [key])
    problems: list[str] = []

    def work() -> None:
        try:
            source = RenewingToken(DatabaseTokenStore(db, 1), HttpRenewer(server))
            for _ in range(rounds):
                seen = source.current()
                start.wait(60)
                new = source.renew(seen)
                if new.version != seen.version + 1 or new.access_token == seen.access_token:
                    problems.append(f"saw {seen.version}, got {new.version}")
                start.wait(60)
        except BaseException as problem:
            problems.append(repr(problem))
            start.abort()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    db.close()
    outcome.put(problems)
