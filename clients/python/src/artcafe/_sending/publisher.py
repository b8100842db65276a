"""What the user sends: checked, given an id, handed to the outbox, and known again when it comes back.

The client's own readers get it when it is acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._reading.recent_ids import RecentIds
from .._reading.stream import Stream
from .._shared import clock
from .._shared.checks import check
from .._shared.limits import INBOX
from ..cursors import Position
from ..errors import PubSubError
from ..messages import Echo, Frame, Message, Receipt, copy_of, new_id
from .outbox import Outbox

# The service finds the first copy of a message for so long, and so may we meet it.
_OWN_IDS = 600.0


@dataclass(frozen=True, slots=True)
class Said:
    """What may be said about a message besides its content. ``None`` is left out."""

    id: str | None = None
    type: str | None = None
    metadata: Mapping[str, Any] | None = None
    ephemeral: bool | None = None
    echo: Echo | None = None
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
        check("flag", ephemeral=self.ephemeral)
        check("echo", echo=self.echo)
        check("type", type=self.type)

    def frame(self, destination: Frame, id: str, content: object, echo: bool | None) -> Frame:
        fields = {
            "id": id,
            "type": self.type or "message",
            **destination,
            "metadata": None if self.metadata is None else dict(self.metadata),
            "ephemeral": self.ephemeral,
            "echo": echo,
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
        stream: That of a channel with a reader.
    """

    outbox: Outbox
    echo: Echo
    is_closed: Callable[[], bool]
    agent_id: Callable[[], str | None]
    tenant_id: Callable[[], str | None]
    wake: Callable[[], None]
    stream: Callable[[str], Stream | None]


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
        echo = port.echo if said.echo is None else said.echo
        channel_id = destination.get("channel_id")
        is_local = echo is True and channel_id is not None and port.stream(channel_id) is not None
        if echo is False:
            self._own.note(id, clock.now())

        def acknowledged(receipt: Receipt, text: str) -> None:
            is_to_us = destination.get("to") == port.agent_id()
            # The stream of this moment: a reader may have come or gone meanwhile.
            stream = port.stream(channel_id or (INBOX if is_to_us else ""))
            if stream is None:
                return
            if is_local:
                copy = copy_of(text, receipt, port.tenant_id(), port.agent_id())
                stream.echo(copy, receipt.status == "duplicate")
            elif echo is False and receipt.sequence is not None and receipt.epoch is not None:
                stream.seen(Position(receipt.epoch, receipt.sequence))

        wire_echo = False if is_local else said.echo and True
        frame = said.frame(destination, id, content, wire_echo)
        receipt = port.outbox.add(frame, str(destination), acknowledged, said.timeout)
        port.wake()
        try:
            return await receipt
        except asyncio.CancelledError:
            port.outbox.forget(id)
            raise

    def is_own(self, message: Message) -> bool:
        return message.id in self._own and message.agent_id == self._port.agent_id()
