"""Who is there: setting one's own state, asking for that of others, and hearing of changes.

Events may get lost or overtake each other; their versions and a question after each new connection put that right.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from ._connection.replies import frames_in
from ._session import Session
from ._shared.checks import check, need
from ._shared.limits import PRESENCE
from ._shared.tasks import spawn
from .channel import Subscription
from .errors import PubSubError
from .events import Emitter, guard
from .messages import Frame, Message, number_in, text_in


@dataclass(frozen=True, slots=True)
class AgentPresence:
    """What is known about an agent.

    Attributes:
        status: ``offline`` when it has no connection; otherwise its own word, or ``online``.
        version: Rises with every change.
        reason: Why an event came: ``connected``, ``disconnected``, ``changed``; ``None`` when the service was asked.
    """

    agent_id: str
    status: str
    capabilities: tuple[str, ...]
    version: int
    reason: str | None


class Presence:
    """Who is there, and what of oneself others can see."""

    def __init__(self, session: Callable[[], Session], emitter: Emitter) -> None:
        self._session = session
        self._emitter = emitter
        self._takers: list[Callable[[AgentPresence], None]] = []

    async def set(self, *, status: str | None = None, capabilities: Sequence[str] | None = None) -> None:
        """Says something about this agent; kept over reconnects. Settles within 60 s.

        Args:
            status: 1-64 characters; not ``offline``, which is what an agent without connections is.
            capabilities: Up to 50 words of up to 64 characters.

        Raises:
            PubSubError: ``invalid_message``, ``timeout``, ``closed``.
        """
        check("word", status=status)
        check("words", capabilities=capabilities)
        session = self._session()
        said = session.hello.say(status, capabilities)
        try:
            await session.ask_patiently({"type": "presence", **said}, lambda _: None)
        except PubSubError as error:
            session.hello.failed(error)
            raise
        session.hello.accepted(said)

    async def query(
        self,
        *,
        agent_id: str | None = None,
        status: str | None = None,
        capability: str | None = None,
        online: bool | None = None,
    ) -> AsyncIterator[AgentPresence]:
        """Agents of the tenant, those that are offline included. All that is given has to fit.

        Needs the ``presence`` grant. Each page comes within 60 s.

        Args:
            online: ``True``: only agents that are not ``offline``; ``False``: only those that are.

        Raises:
            PubSubError: ``forbidden``, ``timeout``, ``closed``.

        Example:
            >>> async for agent in bus.presence.query(online=True, capability="translate"):
            ...     print(agent.agent_id)
        """
        given = {"agent_id": agent_id, "status": status, "capability": capability, "online": online}
        question = {name: value for name, value in given.items() if value is not None}
        after: str | None = None
        while True:
            page = question if after is None else {**question, "after": after}
            frame = {"type": "presence", "query": page}
            session = self._session()
            answer = await session.ask_patiently(frame, lambda parts: parts[0])
            for agent in frames_in(answer.get("agents")):
                if session.state == "closed":
                    raise PubSubError("closed", "The client is closed")
                yield _presence_in(agent)
            after = text_in(answer.get("next"))
            if after is None:
                return

    async def subscribe(self, handler: Callable[[AgentPresence], object]) -> Subscription:
        """Calls the handler with every agent that is known, and then with each change.

        Needs the ``presence`` grant. Settles within 60 s for each 100 agents.

        Raises:
            PubSubError: ``forbidden``, ``timeout``, ``closed``.

        Example:
            >>> await bus.presence.subscribe(lambda agent: print(agent.agent_id, "is", agent.status))
        """
        need("callback", handler=handler)
        versions: dict[str, int] = {}

        def take(presence: AgentPresence) -> None:
            if presence.version > versions.get(presence.agent_id, -1):
                versions[presence.agent_id] = presence.version
                guard(handler, presence, self._emitter.report)

        def take_event(message: Message) -> None:
            content: Frame = message.content if isinstance(message.content, dict) else {}
            take(_presence_in({**content, "agent_id": message.agent_id}))

        session = self._session()
        stream = session.streams.open(PRESENCE)
        reader = stream.add_reader(take_event)

        def unsubscribe() -> None:
            if take in self._takers:
                self._takers.remove(take)
            stream.remove_reader(reader)
            session.streams.release(stream)

        try:
            await session.ready(PRESENCE)
            self._takers.append(take)
            await self._ask([take])
        except BaseException:
            unsubscribe()
            raise
        return Subscription(unsubscribe)

    def heal(self) -> None:
        """After a time without a connection: changes may have been missed."""
        if self._takers:
            spawn(self._heal())

    async def _heal(self) -> None:
        try:
            await self._ask(list(self._takers))
        except PubSubError:
            # Asked again with the next connection, when this one breaks.
            return

    async def _ask(self, takers: list[Callable[[AgentPresence], None]]) -> None:
        async for presence in self.query():
            for take in takers:
                take(presence)


def _presence_in(frame: Frame) -> AgentPresence:
    capabilities = frame.get("capabilities")
    return AgentPresence(
        agent_id=str(frame.get("agent_id")),
        status=str(frame.get("status")),
        capabilities=tuple(map(str, capabilities)) if isinstance(capabilities, list) else (),
        version=number_in(frame.get("version")) or 0,
        reason=text_in(frame.get("reason")),
    )
