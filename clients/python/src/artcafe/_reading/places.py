"""Where the readers of each channel stand. The only caller of the cursor.

Streams of one channel may follow each other while a save takes its time or fails. So a place belongs to the channel: the cursor
gets one call at a time, and what it could not keep is known all the same.
"""

from __future__ import annotations

import asyncio
import functools
import weakref
from collections.abc import Callable
from typing import Any

from .._shared.tasks import settle, spawn
from ..cursors import Cursor, Position, is_position

Loaded = tuple[Position | None, bool]
"""The position, if there is one, and whether the cursor had one and could not read it."""


class Place:
    """Of one channel. ``keep``: holds on to it, or no more."""

    def __init__(
        self,
        channel_id: str,
        cursor: Cursor,
        failed: Callable[[BaseException], None],
        keep: Callable[[Place, bool], None],
    ) -> None:
        self._channel_id = channel_id
        self._cursor = cursor
        self._failed = failed
        self._keep = keep
        self._position: Position | None = None
        self._saved: Position | None = None
        self._holder: object = None
        self._loading: asyncio.Task[Loaded] | None = None
        self.writing: asyncio.Task[None] | None = None
        self._is_failing = False
        self._is_lost = False

    def take_over(self) -> Callable[[Position], None]:
        """Gives what moves the place from now on. Who moved it before does so no more: it would move it back."""
        holder = self._holder = object()

        def move(position: Position) -> None:
            if self._holder is holder:
                self._position = position
                if self.writing is None:
                    self.writing = spawn(self._write())

        return move

    async def load(self) -> Loaded:
        """The cursor's word, unless it does not know what we do."""
        is_unsaved = self._position != self._saved
        if self._position is not None and (is_unsaved or self._is_lost):
            return self._position, False
        if self._loading is None:
            self._loading = spawn(self._load())
        return await self._loading

    async def _load(self) -> Loaded:
        try:
            return await self._read(), False
        except Exception as error:
            self._is_lost = True
            if getattr(error, "code", None) != "position_lost":
                self._failed(error)
            return None, True
        finally:
            self._loading = None

    async def _read(self) -> Position | None:
        found = await settle(lambda: self._cursor.load(self._channel_id), "cursor")
        if found is None:
            return None
        if isinstance(found, Position):
            # Read once: it may be of a class of the user's own.
            epoch, sequence = found.epoch, found.sequence
            if is_position(epoch, sequence):
                return Position(epoch, sequence)
        raise TypeError(f'The cursor of "{self._channel_id}" gave no position')

    async def _write(self) -> None:
        tried: Position | None = None
        while self._position is not None and self._position not in (tried, self._saved):
            tried = self._position
            save = functools.partial(self._cursor.save, self._channel_id, tried)
            try:
                await settle(save, "cursor")
                self._saved = tried
                self._is_failing = False
            except Exception as error:
                # A full disk is one piece of news, however many messages come meanwhile.
                if not self._is_failing:
                    self._failed(error)
                self._is_failing = True
        self.writing = None
        self._keep(self, self._is_lost or self._position != self._saved)


class Places:
    """Of all channels. Forgets those that nobody follows and that the cursor has."""

    def __init__(self, cursor: Cursor, failed: Callable[[BaseException], None]) -> None:
        self._cursor = cursor
        self._failed = failed
        self._places: weakref.WeakValueDictionary[str, Place] = weakref.WeakValueDictionary()
        self._kept: set[Place] = set()

    def of(self, channel_id: str) -> Place:
        place = self._places.get(channel_id)
        if place is None:
            place = self._places[channel_id] = Place(channel_id, self._cursor, self._failed, self._keep)
        return place

    def settled(self) -> asyncio.Future[Any]:
        """Done when the saves that are under way are."""
        writing = [place.writing for place in self._places.values() if place.writing is not None]
        return asyncio.gather(*writing, return_exceptions=True)

    def _keep(self, place: Place, is_kept: bool) -> None:
        (self._kept.add if is_kept else self._kept.discard)(place)
