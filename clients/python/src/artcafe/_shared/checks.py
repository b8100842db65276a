"""What the user gives, checked before anything is sent: one odd argument must not keep others waiting."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..cursors import Position, is_position
from ..errors import PubSubError
from .limits import REQUEST_TIMEOUT

_ODD_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CHANNEL = re.compile(r"[A-Za-z0-9_.:-]{1,128}|\$(inbox|presence)")
# A frame of the type of a control frame would be no message.
_TYPE = re.compile(r"(?!(?:hello|subscribe|unsubscribe|history|presence|ping)$)[a-z][a-z0-9._:-]{0,63}")
_URL = re.compile(r"wss?://[^?#@\s]+")


def _is_plain(value: object, most: int) -> bool:
    if not isinstance(value, str) or value == "" or _ODD_CHARACTERS.search(value):
        return False
    # Characters beyond the basic plane count twice, as in the service's own language.
    return len(value) + sum(character > "\uffff" for character in value) <= most


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_between(value: Any, least: float, most: float) -> bool:
    return _is_number(value) and (least <= value <= most or value == math.inf)


def _is_words(value: Any) -> bool:
    is_list = isinstance(value, list | tuple)
    return is_list and len(value) <= 50 and all(_is_plain(word, 64) for word in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_safe_url(value: Any) -> bool:
    url = urlsplit(value)
    host = url.hostname or ""
    is_local = (
        host in ("localhost", "::1") or host.endswith(".localhost") or re.fullmatch(r"127(\.\d+){3}", host)
    )
    return url.scheme == "wss" or bool(is_local)


def _is_base_url(value: object) -> bool:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        return False
    try:
        return not re.search(r"/ws/*$", urlsplit(value).path)
    except ValueError:
        return False


# What a value may be, and the words for it. Nothing of a wrong value is repeated: it may be a token.
_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "text": (lambda value: _is_plain(value, 128), "a text of 1-128 characters"),
    "word": (
        lambda value: _is_plain(value, 64) and value != "offline",
        'a text of 1-64 characters, not "offline"',
    ),
    "words": (_is_words, "up to 50 texts of 1-64 characters"),
    "object": (lambda value: isinstance(value, Mapping), "a dict"),
    "flag": (lambda value: isinstance(value, bool), "True or False"),
    "echo": (lambda value: isinstance(value, bool) or value == "server", 'True, False or "server"'),
    "callback": (callable, "a function"),
    "amount": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    "heartbeat": (lambda value: _is_number(value) and 1 <= value <= 540, "1 to 540 s"),
    "time": (lambda value: _is_between(value, 0.001, REQUEST_TIMEOUT), "0.001 s to 24 days, or inf"),
    "count": (_is_count, "a whole number from 1"),
    "position": (
        lambda value: isinstance(value, Position) and is_position(value.epoch, value.sequence),
        "a Position",
    ),
    "channel": (lambda value: _matches(_CHANNEL, value), "1-128 of A-Z a-z 0-9 . _ : -"),
    "type": (
        lambda value: _matches(_TYPE, value),
        '1-64 of a-z 0-9 . _ : -, and no name of a control frame such as "ping"',
    ),
    "url": (_is_base_url, "a base URL: wss://… or ws://…, without /ws at its end, query and fragment"),
    "safe url": (
        _is_safe_url,
        "wss://…: ws:// shows the token to the network, so hosts other than this machine need allow_insecure",
    ),
    "token": (
        lambda value: isinstance(value, str) and re.fullmatch(r"\S+", value) is not None,
        "a text without blanks, or a function that gives one",
    ),
}


def check(kind: str, **values: object) -> None:
    """Raises ``invalid_message``, with a sentence that says what to write. ``None`` is absent, as on the wire."""
    for name, value in values.items():
        if value is not None:
            need(kind, **{name: value})


def need_one_of(class_: type, **values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, class_):
            raise PubSubError("invalid_message", f'"{name}" must be of the class {class_.__name__}')


def need(kind: str, **values: object) -> None:
    """The same for what can't be left out."""
    is_right, words = _KINDS[kind]
    for name, value in values.items():
        if not is_right(value):
            raise PubSubError("invalid_message", f'"{name}" must be {words}')
