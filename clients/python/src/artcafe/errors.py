"""The one error class of the package. Codes are those of the protocol and a few that only a client can have."""

from __future__ import annotations

PASSING = frozenset({"unavailable", "internal", "rate_limited"})
"""Codes with which the service did not mind the message, but the moment."""

RETRYABLE = PASSING | {
    "no_responders",
    "no_handler",
    "timeout",
    "queue_full",
    "connection_lost",
    "token_failed",
}

TOKEN_CODES = frozenset({"unauthorized", "token_expired"})
"""Codes with which another token may be what is missing."""


class PubSubError(Exception):
    """Every error of this package is one of these.

    Attributes:
        code: Stable, so a program may compare it. A newer service may have codes of its own. Those that only a client can
            have: ``closed`` (the client is closed), ``timeout`` (no answer in time; ``__cause__`` is why there was no
            connection, if there was none), ``queue_full`` (too many messages wait for their acknowledgement),
            ``connection_lost`` (what was asked on the connection has no answer), ``unconfirmed`` (the message may or may not
            be in the log; it was without a connection for too long), ``position_lost`` (a cursor had a position and can't
            read it), ``no_handler`` (the other agent has no handler for requests), ``token_failed`` (the token function has
            raised, or took longer than 30 s; the client goes on trying), ``request_failed`` (the handler of the other agent
            has raised; the text is that of its ``RequestError``, if it was one).
        retryable: Whether the same call may succeed later.
        retry_after: What the service asked to wait before the next try, in seconds.

    Example:
        >>> try:
        ...     await bus.channel("lobby").publish("hello")
        ... except PubSubError as error:
        ...     if error.code != "forbidden":
        ...         raise
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        retry_after: float | None = None,
        *,
        cause: BaseException | None = None,
    ) -> None:
        super().__init__(code, message, retry_after)
        self.code = code
        self.retryable = code in RETRYABLE
        self.retry_after = retry_after
        self.__cause__ = cause

    def __str__(self) -> str:
        code, message, _ = self.args
        return str(message or code)


class RequestError(Exception):
    """For request handlers to raise: its text, cut to 1,024 bytes, is sent to the agent that asked.

    The text of any other error stays in this process.

    Example:
        >>> @bus.on_request
        ... async def price(order, message):
        ...     if order not in prices:
        ...         raise RequestError("No such order")
        ...     return prices[order]
    """
