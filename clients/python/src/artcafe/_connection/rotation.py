"""Replaces each connection before it ends, and says when a plain token is over.

All of it is counted from the service's own words: the clock of this machine may be wrong.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

_LIFETIME = 7_200.0
_LIFETIME_MARGIN = 600.0
_TOKEN_MARGIN = 60.0
# Tokens that are short-lived must not make us spin.
_LEAST = 5.0


def replace_in(token_life: float | None, chance: float) -> float:
    """Seconds from now, for a connection that has just been opened: before the platform cuts it and before its token expires.

    Spread by chance, so that clients that came together do not go together.
    """
    by_age = _LIFETIME - _LIFETIME_MARGIN * (1 + chance)
    if token_life is None:
        return by_age
    by_token = token_life - min(_TOKEN_MARGIN, token_life * 0.2) * (1 + chance)
    return max(_LEAST, min(by_age, by_token))


class Rotation:
    """A token that is not from a function can't be renewed (``can_renew``): with it the client ends."""

    def __init__(
        self,
        can_renew: bool,
        replace: Callable[[], None],
        expired: Callable[[], None],
    ) -> None:
        self._can_renew = can_renew
        self._replace = replace
        self._expired = expired
        self._next: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None

    def plan(self, token_life: float | None) -> None:
        """For a connection that has just been opened; ``None`` when the service does not say how long its token lives."""
        if self._expiry is not None:
            self._expiry.cancel()
        if not self._can_renew and token_life is not None:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(max(0.0, token_life), self._expired)
        is_known = self._can_renew and token_life is not None and token_life > 0
        self.replace_in(replace_in(token_life if is_known else None, random.random()))

    def replace_in(self, delay: float) -> None:
        """The present connection stays until the next one is there."""
        self.pause()
        self._next = asyncio.get_running_loop().call_later(delay, self._replace)

    def pause(self) -> None:
        """There is no connection to replace."""
        if self._next is not None:
            self._next.cancel()

    def stop(self) -> None:
        self.pause()
        if self._expiry is not None:
            self._expiry.cancel()
