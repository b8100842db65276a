"""Request and reply between two agents, made of direct messages: the reply names the request."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._connection.replies import REQUEST_EXPIRED
from .._shared.checks import check, need
from .._shared.clock import ServerClock
from .._shared.tasks import new_future, quiet, settle, spawn
from ..errors import PubSubError, RequestError
from ..messages import Message, new_id, text_in
from .publisher import Publisher, Said

RequestHandler = Callable[[Any, Message], Any]
"""Gets the content and the message. What it returns, or what its coroutine gives, is the reply: one JSON value."""

# A request waits so long for a handler, and then so long for the reply of another process of the agent.
_HANDLER = 2.0
_REPLY = "reply"
_FAILURE = "reply.failed"
_NO_HANDLER = "no_handler"
_FAILURE_TEXT = "The request handler has failed"
# Of a failure's text, in UTF-8.
_FAILURE_BYTES = 1_024


@dataclass(slots=True, eq=False)
class _Pending:
    # The agent that was asked: nobody else can answer.
    to: str
    # Why it fails when its time is over.
    failure: PubSubError
    reply: asyncio.Future[Message] = field(default_factory=new_future)
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class Requests:
    """``failed``: a handler has raised, or its reply could not be sent. ``is_observer``: never says ``no_handler``."""

    def __init__(
        self,
        publisher: Publisher,
        clock: ServerClock,
        failed: Callable[[BaseException], None],
        is_observer: bool,
    ) -> None:
        self._publisher = publisher
        self._clock = clock
        self._failed = failed
        self._is_observer = is_observer
        self._handler: RequestHandler | None = None
        self._pending: dict[str, _Pending] = {}
        # What waits for a handler.
        self._has_handler = asyncio.Event()

    @property
    def handler(self) -> RequestHandler | None:
        return self._handler

    @handler.setter
    def handler(self, handler: RequestHandler) -> None:
        self._handler = handler
        self._has_handler.set()

    @staticmethod
    def is_reply(message: Message) -> bool:
        return message.in_reply_to is not None and message.type in (_REPLY, _FAILURE)

    def is_request(self, message: Message) -> bool:
        """Whether it is for ``answer``."""
        if not message.expects_reply or self.is_reply(message):
            return False
        return not self._is_observer or self._handler is not None or self._has_expired(message)

    def is_for_inbox(self, message: Message) -> bool:
        """Whether it is for the inbox as well: without a handler, the user may answer by hand."""
        is_taken = self._handler is not None or self._has_expired(message)
        return not self.is_reply(message) and not (is_taken and message.expects_reply)

    async def request(
        self,
        to: str,
        content: object,
        timeout: float,
        metadata: Mapping[str, Any] | None,
    ) -> Message:
        need("time", timeout=timeout)
        check("object", metadata=metadata)
        id = new_id()
        pending = _Pending(to, PubSubError("timeout", f"No reply in {timeout:g} s"))
        self._pending[id] = pending
        if timeout != math.inf:
            self._give_up_in(pending, timeout)
        said = Said(
            id=id,
            metadata=metadata,
            correlation_id=id,
            expects_reply=True,
            timeout=None if timeout == math.inf else timeout,
        )
        sending = spawn(self._send(pending, {"to": to}, content, said))
        try:
            return await pending.reply
        except BaseException:
            # Nobody waits for the reply any more.
            sending.cancel()
            raise
        finally:
            del self._pending[id]
            for timer in pending.timers:
                timer.cancel()

    def take(self, reply: Message) -> None:
        """A reply that nobody waits for any more is dropped: it came too late, or was for another connection of this agent."""
        pending = self._pending.get(reply.in_reply_to or "")
        if pending is None or pending.to != reply.agent_id or pending.reply.done():
            return
        if reply.type == _REPLY:
            pending.reply.set_result(reply)
        elif reply.extra.get("code") == _NO_HANDLER:
            # Another process of the agent may have one.
            pending.failure = PubSubError(_NO_HANDLER, "No handler for requests")
            self._give_up_in(pending, _HANDLER)
        else:
            text = text_in(reply.content) or _FAILURE_TEXT
            pending.reply.set_exception(PubSubError("request_failed", text))

    async def answer(self, message: Message) -> None:
        """Settles when the reply is acknowledged, or refused for good, or when nobody waits for it.

        A handler may work longer than its asker waits, or for ever.
        """
        work = quiet(spawn(self._answer(message)))
        left = None if message.expires_at is None else message.expires_at.timestamp() - self._clock.now()
        await asyncio.wait({work}, timeout=left)
        if work.done() and not work.cancelled():
            work.result()

    async def _answer(self, message: Message) -> None:
        if self._handler is None:
            await self._wait_for_handler(message.expires_at)
        if self._has_expired(message):
            return
        handler = self._handler
        try:
            if handler is None:
                await self._reply(message, "No handler for requests", _FAILURE, {"code": _NO_HANDLER})
            else:
                value = await settle(lambda: handler(message.content, message))
                await self._reply(message, _one_value(value), _REPLY)
        except Exception as error:
            await self._reply_failure(message, error)

    def end(self, error: PubSubError) -> None:
        for pending in self._pending.values():
            if not pending.reply.done():
                pending.reply.set_exception(error)

    async def _reply_failure(self, message: Message, error: Exception) -> None:
        is_told = isinstance(error, RequestError)
        if not is_told:
            self._failed(error)
        text = str(error).encode(errors="replace")[:_FAILURE_BYTES].decode(errors="ignore")
        try:
            await self._reply(message, text if is_told else _FAILURE_TEXT, _FAILURE)
        except PubSubError as refusal:
            self._failed(refusal)

    async def _reply(
        self,
        message: Message,
        content: object,
        kind: str,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        said = Said(
            in_reply_to=message.id,
            correlation_id=message.correlation_id or message.id,
            type=kind,
            extra=extra,
        )
        await self._publisher.publish({"to": message.agent_id}, content, said)

    async def _send(self, pending: _Pending, to: dict[str, Any], content: object, said: Said) -> None:
        try:
            await self._publisher.publish(to, content, said)
        except PubSubError as error:
            if not pending.reply.done():
                is_late = error.code == REQUEST_EXPIRED
                pending.reply.set_exception(pending.failure if is_late else error)

    async def _wait_for_handler(self, expires_at: datetime | None) -> None:
        patience = _HANDLER
        if expires_at is not None:
            patience = min(patience, expires_at.timestamp() - self._clock.now())
        try:
            await asyncio.wait_for(self._has_handler.wait(), max(0.0, patience))
        except asyncio.TimeoutError:
            return

    def _give_up_in(self, pending: _Pending, delay: float) -> None:
        def give_up() -> None:
            if not pending.reply.done():
                pending.reply.set_exception(pending.failure)

        pending.timers.append(asyncio.get_running_loop().call_later(delay, give_up))

    def _has_expired(self, message: Message) -> bool:
        """Whether nobody waits for the reply any more."""
        return self._clock.has_passed(message.expires_at)


def _one_value(value: object) -> object:
    """A reply is one message."""
    if inspect.isgenerator(value) or inspect.isasyncgen(value):
        raise TypeError("A request handler must return one JSON value, not a generator")
    return value
