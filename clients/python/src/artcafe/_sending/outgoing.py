"""A message as it is sent: made into text once, with what changes from try to try put in front."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from .._shared.limits import FRAME_BYTES
from ..errors import PubSubError
from ..messages import Frame

_RETRY_MARK = '"retry":true,'
# With the longest time.
_TIMEOUT_BYTES = 24


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A frame whose bytes are counted with all that a later try may add."""

    json: str
    bytes: int


def outgoing_of(frame: Frame, timeout: float | None) -> Outgoing:
    """Raises ``invalid_message`` and ``payload_too_large``."""
    text = json_of(frame)
    size = len(text.encode()) + len(_RETRY_MARK) + (0 if timeout is None else _TIMEOUT_BYTES)
    if size > FRAME_BYTES:
        raise PubSubError("payload_too_large", f"{size} bytes; {FRAME_BYTES} are allowed")
    return Outgoing(text, size)


def text_of(outgoing: Outgoing, is_repeat: bool, timeout: float | None, waited: float) -> str:
    """The text of one try. Of a request, it says how much time is left: the service counts from when the text arrives."""
    front = _RETRY_MARK if is_repeat else ""
    if timeout is not None:
        front += f'"timeout_ms":{max(1, math.ceil((timeout - waited) * 1_000))},'
    return f"{{{front}{outgoing.json[1:]}"


def json_of(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
    except UnicodeEncodeError:
        # Half a surrogate pair has no bytes of its own, but an escape.
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise PubSubError("invalid_message", "The content is not JSON", cause=error) from error
    return text
