"""A bus on this machine, and the loop on which it and the clients of a test run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from bus_process import BusProcess

# On a machine that others use as well.
_PATIENCE = 240


class Live:
    """A bus, and the loop on which it and the clients of a test run."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bus: BusProcess) -> None:
        self._loop = loop
        self.bus = bus

    def run(self, test: Coroutine[Any, Any, None]) -> None:
        self._loop.run_until_complete(asyncio.wait_for(test, _PATIENCE))
