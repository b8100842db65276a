"""A message that is not acknowledged yet, and the texts of its tries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from .._shared.limits import BATCH_FRAMES
from ..errors import PubSubError
from ..messages import Receipt
from .outgoing import Outgoing, text_of

Acknowledged = Callable[[Receipt, str], None]
"""Called before those that wait for the receipt run; the text is the frame as it was sent."""


@dataclass(slots=True, eq=False)
class Entry:
    """Of the outbox.

    Attributes:
        timeout: Of a request: how long its asker waits, in seconds.
        patience: Gives the message up.
        most: The number of messages in a text with this one; fewer after such a text has failed.
    """

    id: str
    destination: str
    outgoing: Outgoing
    acknowledged: Acknowledged
    timeout: float | None
    added_at: float
    patience: asyncio.TimerHandle
    receipt: asyncio.Future[Receipt]
    first_sent_at: float | None = None
    tries: int = 0
    most: int = BATCH_FRAMES

    def next_text(self, now: float) -> str:
        """The text of one more try."""
        is_repeat = self.first_sent_at is not None
        if self.first_sent_at is None:
            self.first_sent_at = now
        self.tries += 1
        return text_of(self.outgoing, is_repeat, self.timeout, now - self.added_at)

    def accept(self, receipt: Receipt) -> None:
        if not self.receipt.done():
            self.receipt.set_result(receipt)

    def reject(self, error: PubSubError) -> None:
        if not self.receipt.done():
            self.receipt.set_exception(error)
