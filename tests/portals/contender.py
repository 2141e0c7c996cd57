"""One of several processes that all want the same token renewed at once; started by `test_renewal`."""

import threading
from multiprocessing.synchronize import Barrier
from typing import Any

from connector.bitrix.credentials import RenewingToken
from connector.bitrix.oauth import OAuthApp, OAuthClient
from connector.portals.tokens import DatabaseTokenStore
from connector.store.database import Database


def contend(
    start: Barrier, database_url: str, key: str, server: str, rounds: int, threads: int, outcome: Any
) -> None:
    """`threads` threads renew what they all saw, `rounds` times; puts the list of problems into `outcome`."""
    db = Database(database_url, [key])
    problems: list[str] = []

    def work() -> None:
        try:
            oauth = OAuthClient(OAuthApp("app.1", "tops3cret", server=server, allowed=(server,)))
            source = RenewingToken(DatabaseTokenStore(db, 1), oauth)
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
