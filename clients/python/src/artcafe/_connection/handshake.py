"""Where a connection begins: its URL and token, and why there is none, in words that hold no token."""

from __future__ import annotations

import asyncio
import inspect
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._shared.checks import need
from .._shared.tasks import in_thread, result_of, settle
from ..errors import PubSubError
from ..options import TokenSource

_TOKEN_PATIENCE = 30.0
_DEEPEST = 4
_LONGEST_REST = 300.0
_SECRETS = re.compile(r"\?[^\s'\"<>]+|\btoken=[^\s'\"<>]*|\beyJ[\w.-]+", re.IGNORECASE)
_ORIGIN = re.compile(r"\w+://[^/?#@\s]+(?=[/?#]|$)")

_CODES: Mapping[int, str] = {401: "unauthorized", 403: "forbidden", 429: "rate_limited"}
"""By the HTTP status; every other one means ``unavailable``."""


async def fresh_token(source: TokenSource) -> str:
    """For one connection.

    Raises ``token_failed`` when the function raises or takes longer than 30 s, and ``unauthorized`` when what it gives can be
    no token.
    """
    if isinstance(source, str):
        return source
    try:
        token = await asyncio.wait_for(_token_of(source), _TOKEN_PATIENCE)
    except asyncio.TimeoutError:
        message = f"The token function has failed: it gave nothing in {_TOKEN_PATIENCE:g} s"
        raise PubSubError("token_failed", message) from None
    try:
        need("token", **{"token()": token})
    except PubSubError as error:
        raise PubSubError("unauthorized", str(error)) from None
    return token


async def _token_of(source: Any) -> str:
    """Its own ``TimeoutError`` is none of ours."""
    try:
        return await settle(lambda: _call(source), "call")
    except Exception as error:
        cause = without_secrets(error)
        raise PubSubError("token_failed", f"The token function has failed: {cause}", cause=cause) from None


async def _call(source: Any) -> str:
    is_async = inspect.iscoroutinefunction(source) or inspect.iscoroutinefunction(
        getattr(source, "__call__", None)  # noqa: B004
    )
    # A plain function may take its time: it must not keep the loop from going on.
    value = source() if is_async else await in_thread(source)
    token: str = await result_of(value)
    return token


def connect_url(base: str, token: str, echo: bool) -> str:
    """``{base}/ws?token=…``, for a base URL as a deployment prints it."""
    return f"{base.rstrip('/')}/ws?token={quote(token, safe='')}{'' if echo else '&echo=false'}"


def without_secrets(error: BaseException, depth: int = 0) -> Exception:
    """What was raised, as an error that may be shown: without query strings and tokens. Never raises."""
    try:
        text = _SECRETS.sub("…", str(error) or type(error).__name__)
    except Exception:
        return Exception("unknown")
    shown = Exception(text)
    if error.__cause__ is not None and depth < _DEEPEST:
        shown.__cause__ = without_secrets(error.__cause__, depth + 1)
    return shown


def refusal(error: BaseException) -> PubSubError:
    """What a failed handshake means."""
    # Releases of `websockets` differ in where they keep the answer.
    answer = getattr(error, "response", None) or error
    status = getattr(answer, "status_code", 0)
    headers = getattr(answer, "headers", {})
    cause = without_secrets(error)
    words = _reason_of(status, headers) if status else _words_for(error, cause)
    rest = _seconds(headers.get("Retry-After")) if status else 0.0
    return PubSubError(
        _CODES.get(status, "unavailable"),
        f"No connection: {words}",
        rest if rest > 0 else None,
        cause=cause,
    )


def _seconds(text: str | None) -> float:
    return min(float(text), _LONGEST_REST) if text is not None and text.isdigit() else 0.0


def _reason_of(status: int, headers: Any) -> str:
    if status < 300:
        return f"no WebSocket there, or a captive portal ({status})"
    if status < 400:
        origin = _ORIGIN.match(str(headers.get("Location")))
        return f"redirected to {origin[0] if origin else 'another address'} ({status})"
    return f"{'a proxy wants a password, ' if status == 407 else ''}HTTP status {status}"


def _words_for(error: BaseException, cause: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the certificate is not valid or not trusted"
    if isinstance(error, ssl.SSLError):
        return "no TLS at this port"
    if isinstance(error, socket.gaierror):
        return "no such server"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, asyncio.TimeoutError):
        return "no answer in 15 s"
    return str(cause)
