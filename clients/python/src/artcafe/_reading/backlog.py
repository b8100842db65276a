"""Messages of the inbox that wait for a handler: the first ones in memory, the others as ranges of the log.

Ranges are read when there is a reader for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from .._connection.replies import HistoryPage, LogGap
from .._shared.clock import backoff
from .._shared.tasks import spawn
from ..cursors import Position
from ..errors import PubSubError
from ..messages import Message
from .feed import place_of

_MOST_IN_MEMORY = 1_000
_PAGE = 100


@dataclass(frozen=True, slots=True)
class BacklogPort:
    """What the backlog needs.

    Attributes:
        give: Gives the message to its readers: ``later`` when one of them is full, ``nobody`` when it has none.
        history: Reads messages of the log after a position, up to a number.
        lost: The log can't give these any more.
        moved: Some were given; with whether nothing is left for the readers that are there.
    """

    give: Callable[[Message], Literal["given", "later", "nobody"]]
    history: Callable[[Position, int], Awaitable[HistoryPage]]
    lost: Callable[[LogGap], None]
    moved: Callable[[bool], None]


@dataclass(slots=True, eq=False)
class _Waiting:
    """One message, or the range of several that are in the log only."""

    epoch: str
    first: int
    last: int
    message: Message | None = None


class Backlog:
    """In the order of the log."""

    def __init__(self, port: BacklogPort) -> None:
        self._port = port
        # For the readers that are there, or not looked at since they are.
        self._waiting: list[_Waiting] = []
        # For none of the readers that are there.
        self._unclaimed: list[_Waiting] = []
        self._in_memory = 0
        self._is_busy = False
        self._is_ended = False
        self._failures = 0
        self._retry: asyncio.TimerHandle | None = None

    @property
    def first(self) -> Position | None:
        """The oldest message that waits."""
        firsts = [*self._waiting[:1], *self._unclaimed[:1]]
        if not firsts:
            return None
        oldest = min(firsts, key=_place)
        return Position(oldest.epoch, oldest.first)

    def keep(self, message: Message, is_claimed: bool) -> None:
        waiting = self._waiting if is_claimed else self._unclaimed
        place = place_of(message)
        index = len(waiting)
        while index > 0 and waiting[index - 1].first > place.sequence:
            index -= 1
        before = waiting[index - 1] if index > 0 else None
        is_next = before is not None and before.epoch == place.epoch and before.last == place.sequence - 1
        if before is not None and is_next and before.message is None:
            before.last = place.sequence
            return
        one = _Waiting(place.epoch, place.sequence, place.sequence)
        if self._in_memory < _MOST_IN_MEMORY:
            one.message = message
            self._in_memory += 1
        waiting.insert(index, one)

    def reclaim(self) -> None:
        """There is a reader more: everything may be for it."""
        self._waiting = sorted([*self._unclaimed, *self._waiting], key=_place)
        self._unclaimed = []
        self.drain()

    def release(self) -> None:
        """Nothing is for the readers that are left."""
        self._unclaimed = sorted([*self._unclaimed, *self._waiting], key=_place)
        self._waiting = []

    def end(self) -> None:
        self._is_ended = True
        if self._retry is not None:
            self._retry.cancel()

    def drain(self) -> None:
        """Gives what there is to readers that have room."""
        if not self._is_busy:
            self._is_busy = True
            spawn(self._drain())

    async def _drain(self) -> None:
        index = 0
        while not self._is_ended and index < len(self._waiting):
            item = self._waiting[index]
            if item.message is None:
                # Reading on while a reader is full would fill the memory.
                if index > 0 or not await self._read(item):
                    break
                continue
            # Taken out before: a handler may add and remove readers.
            del self._waiting[index]
            outcome = self._port.give(item.message)
            if outcome == "later":
                self._waiting.insert(index, item)
                index += 1
                continue
            self._in_memory -= 1
            if outcome == "nobody":
                self.keep(item.message, False)
        self._is_busy = False
        self._port.moved(not self._waiting)

    async def _read(self, item: _Waiting) -> bool:
        """Puts the first messages of the range in its place. Whether that went well."""
        last = min(item.last, item.first + _PAGE - 1)
        try:
            position = Position(item.epoch, item.first - 1)
            page = await self._port.history(position, last - item.first + 1)
        except PubSubError as error:
            if error.code == "not_recoverable" and await self._skip_lost(item):
                return True
            if self._retry is not None:
                self._retry.cancel()
            delay = backoff(self._failures)
            self._failures += 1
            if not self._is_ended:
                self._retry = asyncio.get_running_loop().call_later(delay, self.drain)
            return False
        self._failures = 0
        end = last if page.next is None else min(last, page.next.sequence)
        for gap in page.gaps:
            self._port.lost(gap)
        found = [message for message in page.messages if place_of(message).sequence <= end]
        self._replace(item, end, found)
        return True

    def _replace(self, item: _Waiting, last: int, messages: list[Message]) -> None:
        # Every reader may have gone meanwhile.
        if item not in self._waiting:
            return
        index = self._waiting.index(item)
        found = []
        for message in messages:
            place = place_of(message)
            found.append(_Waiting(place.epoch, place.sequence, place.sequence, message))
        self._in_memory += len(found)
        item.first = last + 1
        is_whole = item.first > item.last
        self._waiting[index : index + (1 if is_whole else 0)] = found

    async def _skip_lost(self, item: _Waiting) -> bool:
        """Halving finds the first row of the range that has not expired: rows expire in their order."""
        dead, alive = item.first, item.last + 1
        while alive - dead > 1:
            middle = (dead + alive) // 2
            try:
                await self._port.history(Position(item.epoch, middle - 1), 1)
                alive = middle
            except PubSubError as error:
                if error.code != "not_recoverable":
                    return False
                dead = middle
        self._port.lost(LogGap(item.first, alive - 1, "expired"))
        self._replace(item, alive - 1, [])
        return True


def _place(item: _Waiting) -> int:
    return item.first
