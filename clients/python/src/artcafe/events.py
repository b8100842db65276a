"""What the client tells besides messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ._shared.checks import need
from ._shared.tasks import settle, spawn
from .cursors import Position
from .errors import PubSubError

logger = logging.getLogger("artcafe")

State = Literal["disconnected", "connecting", "connected", "closed"]
"""``connecting`` covers every try and the waits between them. ``closed`` is for good."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """The state has changed; with an error when that was not wanted."""

    state: State
    error: PubSubError | None


@dataclass(frozen=True, slots=True)
class Retrying:
    """A try to connect has failed, or a connection was lost; the next try comes after ``delay`` seconds.

    Without a listener the first one is a warning of the logger ``artcafe``.
    """

    attempt: int
    delay: float
    error: PubSubError


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages that this client will not see, and what is known about them.

    Attributes:
        channel_id: ``$inbox`` for direct messages.
        reason: ``expired``, ``damaged``, ``epoch_changed``, ``ahead``, ``no_log``: the log does not have them (any more);
            ``erased``: the operator has erased them; ``forbidden``: the token does not allow reading the log;
            ``position_lost``: the cursor could not read where this client stood, so it begins with what is new.
        first: The first sequence, when it is known.
        last: The last sequence, when it is known.
        after: The last position that was seen before the gap.
        head: Where the channel stood when the gap was found.
    """

    channel_id: str
    reason: str
    first: int | None = None
    last: int | None = None
    after: Position | None = None
    head: Position | None = None


class Emitter:
    """Calls listeners, whatever they do."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[[Any], object]]] = {}
        self._has_warned = False

    def on(self, name: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        """Returns what takes the listener away again."""
        need("callback", listener=listener)
        listeners = self._listeners.setdefault(name, [])
        listeners.append(listener)

        def remove() -> None:
            if listener in listeners:
                listeners.remove(listener)

        return remove

    def emit(self, name: str, event: Any) -> None:
        """A listener that raises does not keep others from hearing, nor the client from going on."""
        listeners = list(self._listeners.get(name, ()))
        # A listener of `error` that fails must not be told of its own failure.
        failed = _log if name == "error" else self.report
        for listener in listeners:
            guard(listener, event, failed)
        if listeners:
            return
        if name == "error":
            _log(event)
        if name == "retrying":
            self._warn(event)

    def report(self, error: BaseException) -> None:
        """What the user's own code has raised. Never raises."""
        self.emit("error", error)

    def _warn(self, event: Retrying) -> None:
        # Once: a client that waits for ever in silence is a riddle. A drop alone is nothing unusual.
        if self._has_warned or event.error.code == "connection_lost":
            return
        self._has_warned = True
        line = " ".join(str(event.error).split())
        with contextlib.suppress(Exception):
            logger.warning("%s; trying again in %d ms", line, math.ceil(event.delay * 1_000))


def guard(
    call: Callable[[Any], object],
    value: Any,
    failed: Callable[[BaseException], None],
) -> None:
    """Calls the user's function. What it raises, or its coroutine later, is reported and goes no further."""
    try:
        result = call(value)
        if asyncio.iscoroutine(result) or isinstance(result, asyncio.Future):
            spawn(_guarded(result, failed))
    except asyncio.CancelledError:
        # Nobody else can have cancelled what does not wait.
        failed(RuntimeError("The listener was cancelled"))
    except Exception as error:
        failed(error)


async def _guarded(result: Any, failed: Callable[[BaseException], None]) -> None:
    try:
        await settle(lambda: result, "listener")
    except Exception as error:
        failed(error)


def _log(error: BaseException) -> None:
    # A handler or filter of the user's own may raise.
    with contextlib.suppress(Exception):
        logger.error("%s", error, exc_info=error)
