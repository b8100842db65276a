"""The real service on this machine, for the tests of this folder. They need Node and the packages of the repository."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from bus_process import NO_LIMITS, REPOSITORY, running_bus
from live_bus import Live


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    loop = asyncio.new_event_loop()
    context = running_bus(settings=NO_LIMITS)
    bus = loop.run_until_complete(context.__aenter__())
    yield Live(loop, bus)
    loop.run_until_complete(context.__aexit__(None, None, None))
    loop.close()


@pytest.fixture(scope="session")
def npm_start() -> Iterator[str]:
    """The base URL of a service as a new user starts it."""
    command = ["node", "--import", "tsx", "bin/start.ts", "--port", "0"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"Base URL +(ws://\S+)", line)
        if found:
            break
    else:
        raise RuntimeError("npm start has ended")
    yield found[1]
    process.terminate()
    process.communicate()


@pytest.fixture
def environment(npm_start: str) -> dict[str, str]:
    # `artcafe token` takes the second one.
    return {**os.environ, "BUS_URL": npm_start, "ARTCAFE_URL": npm_start}
