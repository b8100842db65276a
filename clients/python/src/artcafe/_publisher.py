"""What the user sends: checked, given an id, handed to the outbox, and known again when it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import _clock
from ._checks import check
from ._limits import INBOX
from ._outbox import Outbox
from ._recent_ids import RecentIds
from .cursors import Position
from .errors import PubSubError
from .messages import Frame, Message, Receipt, new_id

# The service finds the first copy of a message for so long, and so may we meet it.
_OWN_IDS = 600.0


@dataclass(frozen=True, slots=True)
class Said:
    """What may be said about a message besides its content. ``None`` is left out."""

    id: str | None = None
    type: str | None = None
    metadata: Mapping[str, Any] | None = None
    ephemeral: bool | None = None
    echo: bool | None = None
    correlation_id: str | None = None
    in_reply_to: str | None = None
    traceparent: str | None = None
    extra: Mapping[str, Any] | None = None
    # What the client itself adds to a request; the time in seconds.
    expects_reply: bool | None = None
    timeout: float | None = None

    def check(self) -> None:
        check(
            "text",
            id=self.id,
            correlation_id=self.correlation_id,
            in_reply_to=self.in_reply_to,
            traceparent=self.traceparent,
        )
        check("object", metadata=self.metadata, extra=self.extra)
        check("flag", ephemeral=self.ephemeral, echo=self.echo)
        check("type", type=self.type)

    def frame(self, destination: Frame, id: str, content: object) -> Frame:
        fields = {
            "id": id,
            "type": self.type or "message",
            **destination,
            "metadata": None if self.metadata is None else dict(self.metadata),
            "ephemeral": self.ephemeral,
            "echo": self.echo,
            "correlation_id": self.correlation_id,
            "in_reply_to": self.in_reply_to,
            "expects_reply": self.expects_reply,
            "traceparent": self.traceparent,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        return {**(self.extra or {}), **given, "content": content}


@dataclass(frozen=True, slots=True)
class PublisherPort:
    """What the publisher needs of the session.

    Attributes:
        echo: Whether the client hears its own messages.
        wake: Connects when nothing has.
        seen: An acknowledged message that the client does not want to hear.
    """

    outbox: Outbox
    echo: bool
    is_closed: Callable[[], bool]
    agent_id: Callable[[], str | None]
    wake: Callable[[], None]
    seen: Callable[[str, Position], None]


class Publisher:
    """One per session."""

    def __init__(self, port: PublisherPort) -> None:
        self._port = port
        self._own = RecentIds(_OWN_IDS)

    async def publish(self, destination: Frame, content: object, said: Said) -> Receipt:
        said.check()
        port = self._port
        if port.is_closed():
            raise PubSubError("closed")
        id = said.id or new_id()
        is_heard = port.echo if said.echo is None else said.echo
        if not is_heard:
            self._own.note(id, _clock.now())

        def acknowledged(position: Position) -> None:
            is_to_us = destination.get("to") == port.agent_id()
            channel_id = destination.get("channel_id") or (INBOX if is_to_us else None)
            if not is_heard and channel_id is not None:
                port.seen(channel_id, position)

        receipt = port.outbox.add(said.frame(destination, id, content), acknowledged, said.timeout)
        port.wake()
        try:
            return await receipt
        except asyncio.CancelledError:
            port.outbox.forget(id)
            raise

    def is_own(self, message: Message) -> bool:
        return message.id in self._own and message.agent_id == self._port.agent_id()
