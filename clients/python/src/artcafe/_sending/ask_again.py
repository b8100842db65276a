"""A question that outlives its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from .._shared.clock import backoff
from ..errors import PubSubError

T = TypeVar("T")

# The number of failures of the service after which a question is given up.
_MOST_FAILURES = 5


async def ask_again(arrival: Callable[[], asyncio.Future[None]], ask: Callable[[], asyncio.Future[T]]) -> T:
    """Asks on this connection or a later one. ``arrival``: done when there is a connection."""
    failures = 0
    while True:
        await asyncio.shield(arrival())
        try:
            return await ask()
        except PubSubError as error:
            failures += 1
            if not error.retryable or failures > _MOST_FAILURES:
                raise
        await asyncio.sleep(backoff(failures - 1))
