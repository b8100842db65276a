"""What each new connection says about this client and its agent."""

from __future__ import annotations

from collections.abc import Sequence

from ..messages import Frame

_CLIENT = {"name": "artcafe-pubsub", "version": "0.1.0"}


class Hello:
    """Keeps the agent's own status and capabilities, for the connections to come."""

    def __init__(self, status: str | None, capabilities: Sequence[str] | None) -> None:
        self._presence: Frame = {}
        self.say(status, capabilities)

    def say(self, status: str | None, capabilities: Sequence[str] | None) -> Frame:
        """What is given of the two, as a frame."""
        given: Frame = {} if status is None else {"status": status}
        if capabilities is not None:
            given["capabilities"] = list(capabilities)
        self._presence = {**self._presence, **given}
        return given

    def frame(self, resume: list[Frame]) -> Frame:
        """``resume``: the positions where this connection goes on."""
        return {"type": "hello", "resume": resume, "client": _CLIENT, **self._presence}
