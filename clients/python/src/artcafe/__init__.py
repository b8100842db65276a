"""The client of ArtCafe PubSub for Python.

Each handler gets each message of its channels once and in order, and an acknowledged publish is never lost, whatever the
connection does.
"""

from .channel import Agent, Channel, Inbox, Readable, Subscription
from .cursors import Cursor, FileCursor, MemoryCursor, Position
from .errors import PubSubError, RequestError
from .events import Gap, Retrying, State, StateChange
from .messages import Echo, Message, Receipt
from .options import Backoff, Queue, TokenSource
from .presence import AgentPresence, Presence
from .pubsub import PubSub

__all__ = [
    "Agent",
    "AgentPresence",
    "Backoff",
    "Channel",
    "Cursor",
    "Echo",
    "FileCursor",
    "Gap",
    "Inbox",
    "MemoryCursor",
    "Message",
    "Position",
    "Presence",
    "PubSub",
    "PubSubError",
    "Queue",
    "Readable",
    "Receipt",
    "RequestError",
    "Retrying",
    "State",
    "StateChange",
    "Subscription",
    "TokenSource",
]
