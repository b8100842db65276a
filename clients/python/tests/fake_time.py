"""An event loop on which time passes only when nothing else is left to do: an hour of a test takes a moment."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

from artcafe._shared import clock

_START = 1_000.0


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self) -> None:
        super().__init__()
        self.now = _START

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            # Only another thread can go on.
            return super().select(1)
        self.now += timeout
        return super().select(0)


class FakeTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._fake = _Selector()
        # Seconds in which the machine slept: the loop does not count them.
        self.slept = 0.0
        super().__init__(self._fake)
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._fake.now

    def now(self) -> float:
        return self._fake.now + self.slept


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a test. What it leaves behind fails it."""
    loop = FakeTimeLoop()
    real_now = clock.now
    clock.now = loop.now
    problems: list[str] = []
    loop.set_exception_handler(lambda _, context: problems.append(str(context)))
    try:
        loop.run_until_complete(main())
    finally:
        loop.run_until_complete(_cancel_the_rest())
        loop.run_until_complete(loop.shutdown_asyncgens())
        clock.now = real_now
        loop.close()
    assert problems == []


async def _cancel_the_rest() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
