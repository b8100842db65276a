"""What a client can be told when it is made."""

from __future__ import annotations

import math
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ._shared.checks import check, need, need_one_of
from .cursors import Cursor, MemoryCursor
from .messages import Echo

TokenSource = str | Callable[[], str | Awaitable[str]]
"""A token, or what gets a fresh one: called for every connection."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait between tries to connect: anything from 0 to a bound that doubles.

    Attributes:
        base: Bound of the first wait, in seconds. Less than 0.1 counts as 0.1, more than a day as a day.
        cap: Bound of every wait, in seconds; the same holds.
        max_attempts: Tries before ``connect()`` and everything else fails.
    """

    base: float = 1.0
    cap: float = 30.0
    max_attempts: float = math.inf


@dataclass(frozen=True, slots=True)
class Queue:
    """What may wait for its acknowledgement.

    Attributes:
        max_messages: How many messages.
        max_bytes: How many bytes of them.
    """

    max_messages: float = 10_000
    max_bytes: float = 16_777_216


@dataclass(frozen=True, slots=True)
class Options:
    """Those of ``PubSub``, checked."""

    url: str
    token: TokenSource
    echo: Echo = True
    cursor: Cursor = field(default_factory=MemoryCursor)
    backoff: Backoff = Backoff()
    queue: Queue = Queue()
    heartbeat: float = 540.0
    observer: bool = False
    status: str | None = None
    capabilities: Sequence[str] | None = None
    ssl: ssl.SSLContext | None = None
    allow_insecure: bool = False

    def __post_init__(self) -> None:
        need("url", url=self.url)
        need("flag", allow_insecure=self.allow_insecure)
        if not self.allow_insecure:
            need("safe url", url=self.url)
        if not callable(self.token):
            need("token", token=self.token)
        need("echo", echo=self.echo)
        need("flag", observer=self.observer)
        for name in ("load", "save"):
            need("callback", **{f"cursor.{name}": getattr(self.cursor, name, None)})
        backoff, queue = self.backoff, self.queue
        need_one_of(Backoff, backoff=backoff)
        need_one_of(Queue, queue=queue)
        if self.ssl is not None:
            need_one_of(ssl.SSLContext, ssl=self.ssl)
        need("amount", base=backoff.base, cap=backoff.cap, max_attempts=backoff.max_attempts)
        need("amount", max_messages=queue.max_messages, max_bytes=queue.max_bytes)
        need("heartbeat", heartbeat=self.heartbeat)
        check("word", status=self.status)
        check("words", capabilities=self.capabilities)
        if self.capabilities is not None:
            # The user may change the list after this.
            object.__setattr__(self, "capabilities", tuple(self.capabilities))
