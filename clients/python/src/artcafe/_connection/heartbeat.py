"""When to ask the service how things stand: now and then, and when the machine has slept.

A ping is billed, so it is rare while all is well: it keeps the connection from being closed for silence, and finds a message
whose live copy was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .._shared import clock

_URGENT = 30.0
# The loop may run a timer before its time by the resolution of its clock.
_EARLY = 0.02
# How often to look whether time has jumped. Costs nothing but a wake-up of a process that is awake.
_TICK = 2.0
_SLEEP = 10.0


class Heartbeat:
    """Pings every ``interval`` seconds, or every 30 s while something is unacknowledged or missing (``is_urgent``)."""

    def __init__(self, interval: float, is_urgent: Callable[[], bool], ping: Callable[[], None]) -> None:
        self._interval = interval
        self._is_urgent = is_urgent
        self._ping = ping
        self._last_ping_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._last_ping_at = asyncio.get_running_loop().time()
        self._wait()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(min(_URGENT, self._rest()), self._look)

    def _look(self) -> None:
        if self._is_urgent() or self._rest() < _EARLY:
            self._last_ping_at = asyncio.get_running_loop().time()
            self._ping()
        self._wait()

    def _rest(self) -> float:
        return self._last_ping_at + self._interval - asyncio.get_running_loop().time()


class SleepWatch:
    """Calls ``woken`` when the time of the machine has gone on without us: connections may have died without a word."""

    def __init__(self, woken: Callable[[], None]) -> None:
        self._woken = woken
        self._tick()

    def stop(self) -> None:
        self._timer.cancel()

    def _tick(self) -> None:
        self._due = clock.now() + _TICK
        self._timer = asyncio.get_running_loop().call_later(_TICK, self._look)

    def _look(self) -> None:
        late = clock.now() - self._due
        self._tick()
        if late >= _SLEEP:
            self._woken()
