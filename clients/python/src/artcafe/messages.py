"""Messages as the user's code sees them, and the translation from and to the names of the wire. Happens here once."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Literal

from .cursors import Position

Frame = dict[str, Any]
"""A frame of the wire."""

Echo = bool | Literal["server"]
"""Whether a client hears its own messages.

``True``: yes. Of a channel with a reader, the client makes the copy itself when the service has acknowledged the message, which
costs one message less; otherwise the service sends it. ``"server"``: yes, and the service always sends it. ``False``: no.
"""

_EPOCH_START = datetime.fromtimestamp(0, timezone.utc)
_KNOWN = frozenset(
    {
        "id",
        "type",
        "content",
        "metadata",
        "tenant_id",
        "agent_id",
        "channel_id",
        "to",
        "timestamp",
        "sequence",
        "epoch",
        "replayed",
        "correlation_id",
        "in_reply_to",
        "traceparent",
        "expects_reply",
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A message that has arrived.

    Attributes:
        id: Given by the sender.
        type: ``message``, or the sender's own lower-case word.
        content: Any JSON.
        metadata: The sender's.
        tenant_id: The tenant of both sides.
        agent_id: The sender.
        channel_id: ``None`` on direct messages.
        to: The receiver of a direct message.
        timestamp: When the service accepted it; in UTC.
        sequence: Its place in the channel; ``None`` on ephemeral messages.
        epoch: The epoch of ``sequence``.
        replayed: Whether this copy comes from the log.
        correlation_id: The sender's.
        in_reply_to: Of a reply: the ``id`` of the request.
        traceparent: The sender's trace context (W3C): where a span of the handler belongs.
        expects_reply: Whether it is a request.
        expires_at: Of a request: when its asker gives up, by the clock of the service; ``None`` when it waits without an
            end.
        extra: Whatever else the sender gave it.
    """

    id: str
    type: str
    content: Any
    metadata: dict[str, Any]
    tenant_id: str
    agent_id: str
    channel_id: str | None
    to: str | None
    timestamp: datetime
    sequence: int | None
    epoch: str | None
    replayed: bool
    correlation_id: str | None
    in_reply_to: str | None
    traceparent: str | None
    expects_reply: bool
    expires_at: datetime | None
    extra: dict[str, Any]

    @property
    def position(self) -> Position | None:
        """Its place, as ``history`` and ``since`` take it; ``None`` on ephemeral messages."""
        if self.sequence is None or self.epoch is None:
            return None
        return Position(self.epoch, self.sequence)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the service says about a message that it has accepted.

    Attributes:
        id: Of the message.
        sequence: The message's place in its channel; ``None`` when it is ephemeral.
        epoch: The epoch of ``sequence``.
        timestamp: When it was accepted; in UTC.
        status: ``accepted``; ``stored`` when no connection of the receiving agent was there, so that the message waits in
            its inbox; ``duplicate`` when an earlier try had succeeded.
        known: ``False`` when the receiving agent has never connected, or not for a long time: its id may be misspelt.
    """

    id: str
    sequence: int | None
    epoch: str | None
    timestamp: datetime
    status: str
    known: bool = True


def read_frames(text: str | bytes) -> list[Frame]:
    """Frames of one text message: one, or an array of them. Nothing when it is not JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    frames = value if isinstance(value, list) else [value]
    return [frame for frame in frames if isinstance(frame, dict)]


def is_message_frame(frame: Mapping[str, Any]) -> bool:
    """The service's own frames have types in upper case; all others are messages."""
    kind = frame.get("type")
    return isinstance(kind, str) and kind != kind.upper()


def read_message(frame: Mapping[str, Any]) -> Message:
    get = frame.get
    to = text_in(get("to"))
    expects_reply = get("expects_reply") is True
    metadata = get("metadata")
    is_request = to is not None and expects_reply
    return Message(
        id=str(get("id")),
        type=str(get("type")),
        content=get("content"),
        metadata=metadata if isinstance(metadata, dict) else {},
        tenant_id=str(get("tenant_id")),
        agent_id=str(get("agent_id")),
        channel_id=text_in(get("channel_id")),
        to=to,
        timestamp=time_in(get("timestamp")) or _EPOCH_START,
        sequence=number_in(get("sequence")),
        epoch=text_in(get("epoch")),
        replayed=get("replayed") is True,
        correlation_id=text_in(get("correlation_id")),
        in_reply_to=text_in(get("in_reply_to")),
        traceparent=text_in(get("traceparent")),
        expects_reply=expects_reply,
        # In other messages the field is the sender's own.
        expires_at=time_in(get("expires_at")) if is_request else None,
        extra={name: value for name, value in frame.items() if name not in _KNOWN},
    )


def copy_of(json_text: str, receipt: Receipt, tenant_id: str | None, agent_id: str | None) -> Message:
    """An own message of a channel as others get it from the service (MSG-1, MSG-2), from its frame and its ACK."""
    frame: Frame = json.loads(json_text, parse_int=_whole, parse_float=_number)
    for name in ("ephemeral", "echo", "retry", "replayed"):
        frame.pop(name, None)
    frame.update(tenant_id=tenant_id, agent_id=agent_id, sequence=receipt.sequence, epoch=receipt.epoch)
    return replace(read_message(frame), timestamp=receipt.timestamp)


def _whole(text: str) -> int | float:
    value = int(text)
    return value if abs(value) <= 2**53 else _number(text)


def _number(text: str) -> int | float:
    """As the service, which is written in JavaScript, writes the number again."""
    value = float(text)
    return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 1e21 else value


def read_receipt(frame: Mapping[str, Any]) -> Receipt:
    return Receipt(
        id=str(frame.get("message_id")),
        sequence=number_in(frame.get("sequence")),
        epoch=text_in(frame.get("epoch")),
        timestamp=time_in(frame.get("timestamp")) or _EPOCH_START,
        status=str(frame.get("status")),
        known=frame.get("known") is not False,
    )


def text_in(value: object) -> str | None:
    return value if isinstance(value, str) else None


def number_in(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value)


def seconds_in(value: object) -> float | None:
    """Of the wire's milliseconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value / 1_000


def time_in(value: object) -> datetime | None:
    """A time of the wire; in UTC."""
    if not isinstance(value, str):
        return None
    try:
        # Python 3.10 does not know the Z.
        time = datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def new_id() -> str:
    return secrets.token_urlsafe(16)
