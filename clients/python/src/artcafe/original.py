"""The original client's class and method names on top of this client, so that a program moves by changing an import.

Frames keep the names of the wire. What was wrong with the original is not kept; the README lists it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .errors import PubSubError
from .messages import Frame, Message, Receipt
from .options import TokenSource
from .pubsub import PubSub


class ArtCafeWebSocketClient:
    """The class of the original guide.

    Args:
        base_url: The base URL that a deployment prints.
        token: A token, or a function that gets one.
        channel_id: Without one, ``metadata["to"]`` of each message names an agent.

    Example:
        >>> client = ArtCafeWebSocketClient("wss://…", token, "lobby")
        >>> client.on_message(handle_message)
        >>> await client.connect()
        >>> await client.send_message("Hello, world!", {"importance": "high"})
    """

    def __init__(
        self,
        base_url: str,
        token: TokenSource,
        channel_id: str | None = None,
        *,
        allow_insecure: bool = False,
    ) -> None:
        self.base_url = base_url
        self.token = token
        self.channel_id = channel_id
        self.allow_insecure = allow_insecure
        self._bus: PubSub | None = None
        self._callback: Callable[[Frame], object] | None = None

    async def connect(self) -> bool:
        """Gives ``True`` when the connection is open.

        Raises:
            PubSubError: When the token is refused.
        """
        await self.disconnect()
        # Its users answer by hand.
        bus = PubSub(self.base_url, self.token, observer=True, allow_insecure=self.allow_insecure)
        self._bus = bus

        def take(message: Message) -> object:
            is_wanted = self._bus is bus and self._callback is not None
            return self._callback(_to_wire(message)) if is_wanted and self._callback else None

        subscribing = [bus.inbox.subscribe(take)]
        if self.channel_id:
            subscribing.append(bus.channel(self.channel_id).subscribe(take))
        try:
            await asyncio.gather(bus.connect(), *subscribing)
        except BaseException:
            self._bus = None
            await bus.close()
            raise
        return True

    async def disconnect(self) -> None:
        """Ends the connection for good; ``connect`` opens a new one."""
        bus, self._bus = self._bus, None
        if bus is not None:
            await bus.close()

    async def send_message(self, content: Any, metadata: Mapping[str, Any] | None = None) -> Frame:
        """Gives the ACK.

        Raises:
            PubSubError: What the service refuses with; ``connection_lost`` when the client is not connected.
        """
        if self._bus is None:
            raise PubSubError("connection_lost", "WebSocket is not connected")
        if self.channel_id:
            return _to_ack(await self._bus.channel(self.channel_id).publish(content, metadata=metadata))
        to = (metadata or {}).get("to")
        if not isinstance(to, str):
            raise PubSubError("invalid_message", "Without a channel, metadata['to'] has to name an agent")
        return _to_ack(await self._bus.agent(to).send(content, metadata=metadata))

    def on_message(self, callback: Callable[[Frame], object]) -> ArtCafeWebSocketClient:
        """Calls the callback, ``async`` or not, with each message."""
        self._callback = callback
        return self


def _to_wire(message: Message) -> Frame:
    about = {} if message.channel_id is None else {"channel_id": message.channel_id}
    return {
        "id": message.id,
        "type": message.type,
        "content": message.content,
        **message.extra,
        "tenant_id": message.tenant_id,
        "agent_id": message.agent_id,
        **about,
        "timestamp": _time(message.timestamp),
        "metadata": message.metadata,
    }


def _to_ack(receipt: Receipt) -> Frame:
    return {
        "type": "ACK",
        "message_id": receipt.id,
        "timestamp": _time(receipt.timestamp),
        "status": receipt.status,
        "sequence": receipt.sequence,
        "epoch": receipt.epoch,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
