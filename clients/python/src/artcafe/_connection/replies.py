"""Answers of the service to control frames, as this client reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..cursors import Position, position_in
from ..messages import Frame, Message, number_in, read_message, text_in

REQUEST_EXPIRED = "request_expired"
"""The reason of a gap that is no loss: the asker has given up, so that nobody is to get its request."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a channel stands.

    Attributes:
        head: ``None`` when the channel may not be read.
        start: Of the inbox: the sequence before its replay.
    """

    channel_id: str
    head: Position | None
    recovered: bool | None
    reason: str | None
    start: int | None


@dataclass(frozen=True, slots=True)
class LogGap:
    """Sequences that the log can't give any more; both ends included."""

    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """``next``: where to go on; ``None`` at the end."""

    head: Position
    messages: list[Message]
    gaps: list[LogGap]
    next: Position | None


def read_standing(frame: Frame) -> Standing:
    recovered = frame.get("recovered")
    return Standing(
        channel_id=str(frame.get("channel_id")),
        head=position_in(frame),
        recovered=recovered if isinstance(recovered, bool) else None,
        reason=text_in(frame.get("reason")),
        start=number_in(frame.get("from")),
    )


def read_standings(frame: Frame) -> list[Standing]:
    return [read_standing(channel) for channel in frames_in(frame.get("channels"))]


def read_gaps(frame: Frame) -> list[LogGap]:
    gaps = []
    for gap in frames_in(frame.get("gaps")):
        first, last = number_in(gap.get("from")), number_in(gap.get("to"))
        if first is not None and last is not None:
            gaps.append(LogGap(first, last, str(gap.get("reason"))))
    return gaps


def read_history(parts: list[Frame]) -> HistoryPage:
    """The parts of one answer, put together."""
    head = position_in(parts[-1])
    if head is None:
        raise ValueError("HISTORY without a position")
    return HistoryPage(
        head=head,
        messages=[read_message(each) for part in parts for each in frames_in(part.get("messages"))],
        gaps=[gap for part in parts for gap in read_gaps(part)],
        next=position_in(parts[-1].get("next")),
    )


def frames_in(value: Any) -> list[Frame]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def position_frame(position: Position | None) -> Frame | None:
    return None if position is None else {"epoch": position.epoch, "sequence": position.sequence}
