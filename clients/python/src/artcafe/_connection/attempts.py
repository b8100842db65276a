"""How it went with opening connections so far, and what follows from it: how long to wait, and when there is no use in a try."""

from __future__ import annotations

import asyncio

from .._shared.clock import backoff
from ..errors import TOKEN_CODES, PubSubError
from ..options import Backoff

# A drop after less than this is one more failure; after more it is a new one.
_STABLE = 5.0
# A token may be refused for a while: clocks differ, a source hands out its old copy, a key is new.
_MOST_REFUSALS = 5
_REFUSALS_LAST = 30.0
_REFUSED_CAP = 10.0
# Of the user's bounds: less would keep the processor busy, more would be the end.
_LEAST_BOUND = 0.1
_MOST_BOUND = 86_400.0


class Attempts:
    """Counts tries without success; drops soon after a success count as well."""

    def __init__(self, bounds: Backoff, can_renew: bool) -> None:
        self._bounds = bounds
        # Whether the next token may be another one.
        self._can_renew = can_renew
        self._failures = 0
        self._since_welcome = 0
        self._refusals = 0
        self._refused_for = 0.0
        self._welcomed_at = 0.0

    def succeeded(self) -> None:
        self._since_welcome = 0
        self._accepted()
        self._welcomed_at = asyncio.get_running_loop().time()

    def dropped(self) -> None:
        age = asyncio.get_running_loop().time() - self._welcomed_at
        self._failures = 0 if age >= _STABLE else self._failures + 1

    def failed(self, error: PubSubError) -> bool:
        """Gives whether another try is of no use."""
        self._failures += 1
        self._since_welcome += 1
        is_refused = error.code in TOKEN_CODES or error.code == "forbidden"
        if is_refused:
            self._refusals += 1
        else:
            self._accepted()
        # A fresh token may be what was missing; a plain one stays what it is.
        is_long = self._refusals >= _MOST_REFUSALS and self._refused_for >= _REFUSALS_LAST
        is_over = is_refused and (is_long or not self._can_renew)
        return is_over or self._since_welcome >= self._bounds.max_attempts

    def next_try(self, error: PubSubError) -> tuple[int, float]:
        """The next try, counted from 1, and the seconds before it. The service may ask for more."""
        failed = max(0, self._failures - 1)
        wait = backoff(failed, _sane(self._bounds.base), _sane(self._bounds.cap))
        if self._refusals > 0:
            wait = min(wait, _REFUSED_CAP)
        delay = max(error.retry_after or 0.0, wait)
        if self._refusals > 0:
            self._refused_for += delay
        return failed + 1, delay

    def afresh(self) -> None:
        """The reason for the failures may be over."""
        self._failures = 0
        self._accepted()

    def spread(self) -> float:
        """A wait that nobody has asked for, so that clients that move together do not come together."""
        return backoff(self._failures)

    def _accepted(self) -> None:
        self._refusals = 0
        self._refused_for = 0.0


def _sane(bound: float) -> float:
    return max(_LEAST_BOUND, min(bound, _MOST_BOUND))
