"""One socket from its handshake to its end: frames in and out, questions and their answers, and whether the other side is there.

Knows nothing of channels, and is never used again after its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .._shared.tasks import failed_future, new_future, spawn
from ..errors import PubSubError
from ..messages import Frame, is_message_frame, new_id, read_frames, text_in
from .handshake import without_secrets
from .socket import Socket

T = TypeVar("T")
Read = Callable[[list[Frame]], T]

# The service answers within 5 s.
_ANSWER = 10.0
# From a sign of doubt to the end, when nothing at all comes.
_SILENCE = 10.0
# What has come so lately says that the other side is there.
_FRESH = 5.0


@dataclass(slots=True)
class _Question:
    # By their numbers: a post that is made again repeats a part.
    parts: dict[int, Frame]
    read: Callable[[list[Frame]], Any]
    future: asyncio.Future[Any]
    patience: asyncio.TimerHandle


class Connection:
    """An open socket. Calls ``on_frame`` for every frame that is not an answer, and ``on_ended`` once, at whichever end."""

    def __init__(
        self,
        socket: Socket,
        on_frame: Callable[[Frame, Connection], None],
        on_ended: Callable[[Connection, PubSubError], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = socket
        self._on_frame = on_frame
        self._on_ended = on_ended
        self._questions: dict[str, _Question] = {}
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._last_heard_at = self._loop.time()
        self._doubt: asyncio.TimerHandle | None = None
        self._look: asyncio.TimerHandle | None = None
        self._is_ended = False
        self._work = [spawn(self._read()), spawn(self._write())]
        self.closed = new_future()
        """Done when the socket is closed."""

    def send(self, text: str) -> bool:
        """Whether the text is on its way; never raises."""
        if self._is_ended:
            return False
        self._outgoing.put_nowait(text)
        return True

    def ask(self, frame: Frame, read: Read[T]) -> asyncio.Future[T]:
        """Sends a control frame and gives what ``read`` makes of its answer, before any later frame is looked at.

        Fails on an ERROR, in silence, and at the end.
        """
        id = new_id()
        if not self.send(json.dumps({**frame, "id": id})):
            return failed_future(PubSubError("connection_lost"))
        future = new_future()
        patience = self._loop.call_later(_ANSWER, self._unanswered, id)
        self._questions[id] = _Question({}, read, future, patience)
        return future

    def suspect(self, within: float = _SILENCE) -> None:
        """Ends, unless something is heard within the time."""
        ends_at = self._loop.time() + within
        if self._is_ended or (self._doubt is not None and self._doubt.when() <= ends_at):
            return
        if self._doubt is not None:
            self._doubt.cancel()
        self._doubt = self._loop.call_later(within, self.end, PubSubError("connection_lost"))

    def when_silent(self, run: Callable[[], None]) -> None:
        """Runs as soon as nothing has been heard for 5 s; not at all when something comes before."""
        if self._look is not None or self._is_ended:
            return

        def look() -> None:
            self._look = None
            run()

        self._look = self._loop.call_at(self._last_heard_at + _FRESH, look)

    def end(self, error: PubSubError) -> None:
        """Closes the socket. Nothing of it is heard any more."""
        if self._is_ended:
            return
        self._is_ended = True
        self._hear()
        for question in self._questions.values():
            question.patience.cancel()
            self._fail(question, PubSubError("connection_lost", cause=error))
        self._questions.clear()
        spawn(self._close(error))
        self._on_ended(self, error)

    async def _close(self, error: PubSubError) -> None:
        for task in self._work:
            task.cancel()
        # It is not used any more, whatever happens.
        with contextlib.suppress(Exception):
            if error.code == "closed":
                await self._socket.close()
            else:
                # A closing handshake with a peer that is not there would take its time.
                self._socket.abort()
        self.closed.set_result(None)

    async def _read(self) -> None:
        try:
            while True:
                self._receive(await self._socket.recv())
        except Exception as cause:
            self._lost(cause)

    async def _write(self) -> None:
        try:
            while True:
                await self._socket.send(await self._outgoing.get())
        except Exception as cause:
            self._lost(cause)

    def _lost(self, cause: Exception) -> None:
        self.end(PubSubError("connection_lost", "The connection was lost", cause=without_secrets(cause)))

    def _hear(self) -> None:
        self._last_heard_at = self._loop.time()
        for timer in (self._doubt, self._look):
            if timer is not None:
                timer.cancel()
        self._doubt = self._look = None

    def _receive(self, data: str | bytes) -> None:
        self._hear()
        if not isinstance(data, str):
            return
        for frame in read_frames(data):
            # What came before may have ended the connection.
            if not self._is_ended and not self._answer(frame):
                self._on_frame(frame, self)

    def _answer(self, frame: Frame) -> bool:
        # The sender of a message chooses its further fields: they may be anything.
        if is_message_frame(frame):
            return False
        id = text_in(frame.get("message_id")) or ""
        question = self._questions.get(id)
        if question is None:
            return False
        is_error = frame.get("type") == "ERROR"
        if not is_error:
            part = frame.get("part", 1)
            question.parts[part if isinstance(part, int) else 1] = frame
            if not _is_whole(question.parts):
                return True
        question.patience.cancel()
        del self._questions[id]
        if is_error:
            self._fail(question, PubSubError(str(frame.get("code")), text_in(frame.get("error"))))
        elif not question.future.done():
            self._tell(question)
        return True

    def _tell(self, question: _Question) -> None:
        parts = [question.parts[number] for number in sorted(question.parts)]
        try:
            question.future.set_result(question.read(parts))
        except Exception as cause:
            self._fail(question, PubSubError("internal", "An answer of an unknown shape", cause=cause))

    def _unanswered(self, id: str) -> None:
        question = self._questions.pop(id)
        self._fail(question, PubSubError("timeout", f"No answer in {_ANSWER:g} s"))
        self.suspect()

    @staticmethod
    def _fail(question: _Question, error: PubSubError) -> None:
        if not question.future.done():
            question.future.set_exception(error)


def _is_whole(parts: dict[int, Frame]) -> bool:
    """The parts of a HISTORY may overtake each other; every other answer is one frame."""
    number = max(parts)
    last = parts[number]
    return "part" not in last or (last.get("last") is True and number == len(parts))
