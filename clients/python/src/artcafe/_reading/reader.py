"""One reader of a channel: a handler that gets one message after another, or a loop.

Holds a bounded queue and says when it is full, so that a slow reader costs memory only up to a limit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._shared.tasks import new_future, settle, spawn
from ..messages import Message

Handler = Callable[[Message], Any]
"""Called with one message at a time; the next one waits until what it returned, if that can be awaited, is done."""

NOT_HANDLED = object()
"""What a handler returns of our own that is not through with the message, and never will be."""

# Messages that wait for one reader.
_FULL = 1_000


@dataclass(frozen=True, slots=True)
class ReaderPort:
    """What a reader needs.

    Attributes:
        accepts: Which messages of the stream are for it.
        done: The reader is through with the message.
        drained: There is room again.
        failed: The handler has raised.
    """

    accepts: Callable[[Message], bool]
    done: Callable[[Message], None]
    drained: Callable[[], None]
    failed: Callable[[BaseException], None]


class Reader:
    """``is_concurrent``: the handler gets the next message while it works on one."""

    def __init__(self, port: ReaderPort, handler: Handler | None, is_concurrent: bool) -> None:
        self._port = port
        self._handler = handler
        self.is_concurrent = is_concurrent
        self.is_behind = not is_concurrent
        """Earlier messages for it wait elsewhere."""
        self._unread: deque[Message] = deque()
        self._running: asyncio.Task[None] | None = None
        self._is_ended = False
        self._error: BaseException | None = None
        self._wake: asyncio.Future[None] | None = None

    @property
    def is_full(self) -> bool:
        return len(self._unread) >= _FULL

    def accepts(self, message: Message) -> bool:
        return not self._is_ended and self._port.accepts(message)

    def push(self, message: Message) -> None:
        if not self.accepts(message):
            return
        self._unread.append(message)
        self._rouse()
        if self._handler is not None and self._running is None:
            self._running = spawn(self._run(self._handler))

    def end(self, error: BaseException | None = None) -> list[Message]:
        """Nothing more reaches the handler; a loop ends, with the error if there is one. Gives what was not read."""
        self._is_ended = True
        self._error = error
        self._rouse()
        unread = list(self._unread)
        self._unread.clear()
        return unread

    async def next(self) -> Message | None:
        """For loops; ``None`` at the end. The caller says when it is ``done`` with the message."""
        while (message := self._take()) is None:
            if self._error is not None:
                raise self._error
            if self._is_ended:
                return None
            self._wake = new_future()
            await self._wake
        return message

    def done(self, message: Message) -> None:
        self._port.done(message)

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _run(self, handler: Handler) -> None:
        try:
            while (message := self._take()) is not None:
                if self.is_concurrent:
                    spawn(self._handle(handler, message))
                else:
                    await self._handle(handler, message)
        finally:
            self._running = None

    async def _handle(self, handler: Handler, message: Message) -> None:
        try:
            if await settle(lambda: handler(message)) is NOT_HANDLED:
                return
        except Exception as error:
            self._port.failed(error)
        self._port.done(message)

    def _take(self) -> Message | None:
        message = self._unread.popleft() if self._unread else None
        if len(self._unread) == _FULL // 2:
            self._port.drained()
        return message
