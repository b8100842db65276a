"""What each new connection says about this client and its agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import PubSubError
from ..messages import Frame
from .connection import Connection

_CLIENT = {"name": "artcafe-pubsub", "version": "0.1.0"}


class Hello:
    """Keeps the agent's own status and capabilities, for the connections to come."""

    def __init__(self, status: str | None, capabilities: Sequence[str] | None) -> None:
        self._presence: Frame = {}
        self.say(status, capabilities)
        # What the service takes. Anything else would be refused with every later connection.
        self._accepted = self._presence

    def say(self, status: str | None, capabilities: Sequence[str] | None) -> Frame:
        """What is given of the two, as a frame."""
        given: Frame = {} if status is None else {"status": status}
        if capabilities is not None:
            given["capabilities"] = list(capabilities)
        self._presence = {**self._presence, **given}
        return given

    async def greet(
        self, connection: Connection, resume: list[Frame], welcome: Callable[[list[Frame]], None]
    ) -> None:
        """``resume``: the positions where this connection goes on."""
        said = self._presence
        hello = {"type": "hello", "resume": resume, "client": _CLIENT, **said}
        try:
            await connection.ask(hello, welcome)
        except PubSubError as error:
            self.failed(error)
            raise
        self.accepted(said)

    def accepted(self, said: Frame) -> None:
        self._accepted = {**self._accepted, **said}

    def failed(self, error: PubSubError) -> None:
        """What was said before counts again when this is no question of time."""
        if error.code == "invalid_message":
            self._presence = self._accepted
