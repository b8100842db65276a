"""Messages on their way out: one text message in flight at a time, everything else gathered behind it.

So order is kept and a burst costs a few texts. What is not acknowledged stays and is sent again with the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from .._shared import clock
from .._shared.clock import backoff
from .._shared.tasks import new_future
from ..errors import PASSING, TOKEN_CODES, PubSubError
from ..messages import Frame, Receipt, read_receipt, seconds_in, text_in
from ..options import Queue
from .batch import next_batch, put_behind
from .entry import Acknowledged, Entry
from .outgoing import outgoing_of

Send = Callable[[str], bool]

# The service answers within 5 s.
_ANSWER = 10.0
# The service finds the first copy of a message for ten minutes; after this nothing is sent again, nor waited for.
_PATIENCE = 540.0
_INTERNAL_TRIES = 5
# After a text has failed, the next one has this part of its messages, down to the one that fails alone.
_FRACTION = 5


@dataclass(slots=True)
class Outbox:
    """What is sent and not acknowledged.

    Attributes:
        limits: How much may wait.
        doubt: No answer for long: the connection may be dead.
        renew: The token of this connection is not good any more: nothing is sent before there is another one.
    """

    limits: Queue
    doubt: Callable[[], None]
    renew: Callable[[], None]
    # By id; of each destination in the order of publishing. The first of them are in flight.
    _queued: dict[str, Entry] = field(default_factory=dict)
    _bytes: int = 0
    # Ids of the text that has no full answer yet.
    _flight: set[str] = field(default_factory=set)
    # Where messages were not accepted for the moment: other destinations come first.
    _refusing: set[str] = field(default_factory=set)
    _send: Send | None = None
    _failures: int = 0
    _pause: asyncio.TimerHandle | None = None
    _patience: asyncio.TimerHandle | None = None
    _landed: Callable[[], None] | None = None
    # Of connections that wait for the flight to land: more than one when they are replaced quickly.
    _attached: list[Callable[[], None]] = field(default_factory=list)
    _drained: list[asyncio.Future[None]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._queued)

    def add(
        self,
        frame: Frame,
        destination: str,
        acknowledged: Acknowledged,
        timeout: float | None = None,
    ) -> asyncio.Future[Receipt]:
        """Raises at once what can't be sent or held. Messages to one destination keep their order."""
        outgoing = outgoing_of(frame, timeout)
        if len(self._queued) >= self.limits.max_messages or (
            self._bytes + outgoing.bytes > self.limits.max_bytes
        ):
            raise PubSubError("queue_full")
        id = frame["id"]
        if id in self._queued:
            raise PubSubError("invalid_message", f'"{id}" is on its way already')
        patience = asyncio.get_running_loop().call_later(_PATIENCE, self._give_up, id)
        entry = Entry(id, destination, outgoing, acknowledged, timeout, clock.now(), patience, new_future())
        self._queued[id] = entry
        self._bytes += outgoing.bytes
        self._pump()
        return entry.receipt

    def forget(self, id: str) -> None:
        """Nobody waits for it any more.

        What is in flight may be sent once more: of a request, the service then sees that its time is over.
        """
        if id not in self._flight:
            self._give_up(id)

    def drained(self) -> asyncio.Future[None]:
        """Done when nothing is unacknowledged."""
        future = new_future()
        if self._queued:
            self._drained.append(future)
        else:
            future.set_result(None)
        return future

    def attach(self, send: Send, attached: Callable[[], None]) -> None:
        """From now on through this connection. What is in flight elsewhere is waited for first, for a while."""

        def take() -> None:
            self._landed = None
            self._send = send
            while self._attached:
                self._attached.pop()()
            self._pump()

        self._send = None
        self._attached.append(attached)
        if self._flight:
            self._landed = take
        else:
            take()

    def detach(self) -> None:
        """The connection is gone, and with it every answer to what was in flight."""
        if self._landed is None:
            self._send = None
        self._land()

    def abandon(self) -> None:
        """The connection that is being left is gone: nothing more is to be waited for."""
        if self._landed is not None:
            self._land()

    def acknowledge(self, frame: Frame) -> None:
        entry = self._find(frame)
        if entry is None:
            return
        receipt = read_receipt(frame)
        self._failures = 0
        self._remove(entry)
        entry.accept(receipt)
        self._answered(entry)
        entry.acknowledged(receipt, entry.outgoing.json)

    def refuse(self, frame: Frame) -> None:
        code = str(frame.get("code"))
        retry_after = seconds_in(frame.get("retry_after_ms"))
        if frame.get("message_id") is None:
            self._refuse_all(code, retry_after)
        entry = self._find(frame)
        if entry is None:
            return
        if code in TOKEN_CODES:
            self._send = None
            self.renew()
        elif code not in PASSING or (code == "internal" and entry.tries >= _INTERNAL_TRIES):
            self._reject(entry, PubSubError(code, text_in(frame.get("error")), retry_after))
        else:
            if code != "rate_limited":
                self._refusing.add(entry.destination)
            elif entry.tries == 1:
                # It was not looked at, so the next try is the first one.
                entry.first_sent_at = None
            self._rest(retry_after)
        self._answered(entry)

    def failed(self) -> None:
        """Something of what is in flight failed on the service's side, and it can't be told what."""
        if self._flight:
            self._refuse_all("unavailable", None)

    def end(self, error: PubSubError) -> None:
        for timer in (self._pause, self._patience):
            if timer is not None:
                timer.cancel()
        self._send = None
        self._flight.clear()
        for entry in list(self._queued.values()):
            self._reject(entry, error)
        if self._landed is not None:
            self._landed()

    def _refuse_all(self, code: str, retry_after: float | None) -> None:
        """The whole text message was refused, none of its frames looked at. Alone, each gets an answer of its own."""
        if code in PASSING:
            # A limit is that of the whole agent.
            if code != "rate_limited":
                self._divide(_FRACTION)
            self._rest(retry_after)
        elif len(self._flight) > 1:
            self._divide(len(self._flight))
        else:
            for entry in self._flying():
                self._reject(entry, PubSubError(code))
        self._land()

    def _flying(self) -> list[Entry]:
        return [self._queued[id] for id in self._flight if id in self._queued]

    def _divide(self, by: int) -> None:
        """Any of the messages in flight may be what the text failed with: they go in smaller texts from now on."""
        most = max(1, len(self._flight) // by)
        for entry in self._flying():
            entry.most = min(entry.most, most)
            self._refusing.add(entry.destination)

    def _answered(self, entry: Entry) -> None:
        self._flight.discard(entry.id)
        if not self._flight:
            self._land()

    def _land(self) -> None:
        """Nothing is in flight any more: what was not acknowledged is next again."""
        if self._patience is not None:
            self._patience.cancel()
        self._flight.clear()
        if self._refusing:
            self._queued = put_behind(self._queued.values(), self._refusing)
            self._refusing.clear()
        if self._landed is not None:
            self._landed()
        self._pump()

    def _rest(self, retry_after: float | None) -> None:
        # Several messages of one text may be refused: one failure, and the longest rest of them.
        if self._pause is None:
            self._failures += 1
        delay = retry_after if retry_after is not None else backoff(self._failures, 0.5, 10.0)
        loop = asyncio.get_running_loop()
        if self._pause is not None:
            if loop.time() + delay <= self._pause.when():
                return
            self._pause.cancel()
        self._pause = loop.call_later(delay, self._rested)

    def _rested(self) -> None:
        self._pause = None
        self._pump()

    def _pump(self) -> None:
        if self._send is None or self._flight or self._pause is not None:
            return
        batch = self._next_batch()
        if not batch:
            return
        now = clock.now()
        texts = [entry.next_text(now) for entry in batch]
        self._flight.update(entry.id for entry in batch)
        self._patience = asyncio.get_running_loop().call_later(_ANSWER, self._unanswered)
        if not self._send(texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"):
            self.detach()

    def _unanswered(self) -> None:
        self.doubt()
        self._divide(_FRACTION)
        self._land()

    def _next_batch(self) -> list[Entry]:
        batch, old = next_batch(self._queued.values(), clock.now() - _PATIENCE)
        for entry in old:
            self._give_up(entry.id)
        return batch

    def _give_up(self, id: str) -> None:
        entry = self._queued.get(id)
        if entry is None:
            return
        code = "timeout" if entry.first_sent_at is None else "unconfirmed"
        self._reject(entry, PubSubError(code, f"Not acknowledged in {_PATIENCE:g} s"))
        if id in self._flight:
            self._answered(entry)

    def _reject(self, entry: Entry, error: PubSubError) -> None:
        self._remove(entry)
        entry.reject(error)

    def _find(self, frame: Frame) -> Entry | None:
        return self._queued.get(text_in(frame.get("message_id")) or "")

    def _remove(self, entry: Entry) -> None:
        entry.patience.cancel()
        del self._queued[entry.id]
        self._bytes -= entry.outgoing.bytes
        if not self._queued:
            for future in self._drained:
                if not future.done():
                    future.set_result(None)
            self._drained.clear()
