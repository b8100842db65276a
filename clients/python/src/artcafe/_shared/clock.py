"""Time: our own, which goes on while the machine sleeps, and that of the service."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..messages import time_in

if sys.platform == "linux":

    def _elapsed() -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)

elif sys.platform == "darwin":

    def _elapsed() -> float:
        return time.clock_gettime(time.CLOCK_MONOTONIC)

else:
    _elapsed = time.monotonic


def now() -> float:
    """Seconds since some moment. Nobody can set them, and they count the time in which the machine sleeps."""
    return _elapsed()


def backoff(attempt: int, base: float = 1.0, cap: float = 30.0) -> float:
    """Seconds to wait before the next try: anything from 0 to the bound, which doubles with each failed try (from 0).

    Full jitter, so that clients that were dropped together do not come back together.
    """
    bound: float = min(cap, base * 2 ** min(attempt, 30))
    return random.random() * bound


class ServerClock:
    """The clock of the service, as its answers tell it: that of this machine may be wrong."""

    def __init__(self) -> None:
        # Until the service has spoken, the machine's own word is all there is.
        self._skew = time.time() - now()

    def now(self) -> float:
        """Epoch seconds."""
        return now() + self._skew

    def has_passed(self, moment: datetime | None) -> bool:
        return moment is not None and moment.timestamp() <= self.now()

    def learn(self, frame: Mapping[str, Any]) -> None:
        """From an answer that the service has just written."""
        moment = time_in(frame.get("timestamp"))
        if moment is not None:
            self._skew = moment.timestamp() - now()
