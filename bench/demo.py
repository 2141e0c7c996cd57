"""`leadswitch demo` after its set-up: how long until the one address it prints answers, and what that costs in processor time."""

import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import requests

from bench import Figure

COMMAND = [sys.executable, "-m", "connector.cli", "demo", "--no-browser", "--port", "0"]


def spent() -> float:
    """Processor seconds of all finished children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def once() -> float:
    """Seconds from the command to the answered page."""
    started = time.monotonic()
    process = subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            found = re.search(r"http://\S+", line)
            if found:
                requests.get(found[0], timeout=30).raise_for_status()
                return time.monotonic() - started
        raise RuntimeError("the demo printed no address")
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)


def measure() -> Iterator[Figure]:
    """The better of two starts."""
    before = spent()
    seconds = [once() for _ in range(2)]
    yield Figure("demo: the page answers after", min(seconds), "s", 10)
    yield Figure("  processor time of a start and stop", (spent() - before) / len(seconds), "s")
