"""A service in memory that speaks level 1: it behaves well until a test sets a fault.

Every frame takes its time on the loop's clock. The token is the agent's name.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

Frame = dict[str, Any]
INBOX = "$inbox"
_START = datetime(2026, 11, 24, 18, tzinfo=timezone.utc).timestamp()


@dataclass
class Faults:
    """What may go wrong. Each is asked each time."""

    # Seconds that a text takes; different ones make them overtake each other.
    delay: Callable[[], float] = lambda: 0.001
    loses_post: Callable[[], bool] = lambda: False
    doubles_post: Callable[[], bool] = lambda: False
    loses_answer: Callable[[], bool] = lambda: False
    # Refuses a message: `lost` before it is written, `written` after that.
    fails_publish: Callable[[], str | None] = lambda: None
    # The platform runs an invocation twice: the log has the message in two places.
    doubles_row: Callable[[], bool] = lambda: False


@dataclass
class Log:
    epoch: str
    rows: list[Frame] = field(default_factory=list)

    @property
    def head(self) -> Frame:
        return {"epoch": self.epoch, "sequence": self.rows[-1]["sequence"] if self.rows else 0}


class Refused(Exception):
    """As `websockets` raises it."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"server rejected WebSocket connection: HTTP {status}")
        self.status_code = status
        self.headers = headers or {}


class Gone(Exception):
    """The connection is closed."""


class FakeSocket:
    """What the client holds of a connection."""

    def __init__(self, server: FakeServer, url: str) -> None:
        query = parse_qs(urlsplit(url).query)
        self.url = url
        self.agent_id = query["token"][0]
        self.echo = query.get("echo", ["true"])[0] != "false"
        self.channels: set[str] = set()
        self.expires_at = server.now() + server.token_life
        self.is_open = True
        # Nothing goes in or out, and nobody says so.
        self.is_silent = False
        self.closed_by_client = False
        self._server = server
        self._incoming: asyncio.Queue[str | None] = asyncio.Queue()

    async def send(self, text: str) -> None:
        if not self.is_open:
            raise Gone
        self._server.later(lambda: self._arrive(text))

    async def recv(self) -> str:
        text = await self._incoming.get()
        if text is None:
            raise Gone
        return text

    async def close(self) -> None:
        self.closed_by_client = True
        self.drop()

    def abort(self) -> None:
        self.closed_by_client = True
        self.drop()

    def drop(self) -> None:
        if self.is_open:
            self.is_open = False
            self._server.sockets.remove(self)
            self._incoming.put_nowait(None)

    def post(self, frames: Any) -> None:
        """The server sends a frame, or several in one text."""
        text = json.dumps(frames)
        self._server.later(lambda: self._deliver(text))

    def _arrive(self, text: str) -> None:
        if self.is_open and not self.is_silent:
            self._server.receive(self, text)

    def _deliver(self, text: str) -> None:
        if self.is_open and not self.is_silent:
            self._incoming.put_nowait(text)


class FakeServer:
    def __init__(self) -> None:
        self.faults = Faults()
        # Status of the next handshakes; None opens.
        self.refuse: int | None = None
        self.token_life = 86_400.0
        self.handshakes = 0
        self.texts: list[str] = []
        # Answers of your own: a frame, "silence", or None for the usual.
        self.script: Callable[[Frame, FakeSocket], Any] = lambda frame, socket: None
        self.sockets: list[FakeSocket] = []
        # Channels that no token allows.
        self.forbidden: set[str] = set()
        self.logs: dict[str, Log] = {}
        # By agent: up to where its inbox is handled, and the first message that met no connection.
        self.handled: dict[str, int] = {}
        self._missed: dict[str, int] = {}
        self._count = 0

    async def open(self, url: str, _tls: object) -> FakeSocket:
        """Takes the place of `open_socket`."""
        await asyncio.sleep(self.faults.delay())
        self.handshakes += 1
        if self.refuse is not None:
            raise Refused(self.refuse)
        socket = FakeSocket(self, url)
        self.sockets.append(socket)
        return socket

    def now(self) -> float:
        return _START + asyncio.get_running_loop().time()

    def later(self, run: Callable[[], None]) -> None:
        # The loop does not keep the order of timers of the same moment.
        self._count += 1
        asyncio.get_running_loop().call_later(self.faults.delay() + self._count * 1e-9, run)

    def frames(self, kind: str | None = None) -> list[Frame]:
        """Frames of clients, of one type or all."""
        frames = [frame for text in self.texts for frame in _frames_in(text)]
        return [frame for frame in frames if kind in (None, frame.get("type"))]

    def log(self, key: str) -> Log:
        return self.logs.setdefault(key, Log(f"epoch-of-{key}"))

    def socket_of(self, agent: str) -> FakeSocket:
        return next(socket for socket in self.sockets if socket.agent_id == agent)

    def publish(self, channel: str, content: object, **fields: Any) -> Frame:
        """Somebody else publishes."""
        agent = fields.pop("agent_id", "somebody")
        frame = {"id": secrets.token_hex(8), "content": content, "channel_id": channel, **fields}
        return self.accept(frame, agent)

    def accept(self, frame: Frame, agent_id: str, sender: FakeSocket | None = None) -> Frame:
        """Puts a message into its log and posts it to whom it concerns."""
        own = {"to", "channel_id", "ephemeral", "echo", "retry"}
        rest = {name: value for name, value in frame.items() if name not in own}
        to = frame.get("to")
        log = self.log(f"{INBOX}/{to}" if to else frame["channel_id"])
        if frame.get("retry"):
            for row in log.rows:
                if (row["id"], row["agent_id"]) == (frame["id"], agent_id):
                    return row
        message: Frame = {
            "type": "message",
            "metadata": {},
            **rest,
            "tenant_id": "t",
            "agent_id": agent_id,
            "timestamp": _iso(self.now()),
        }
        if to and frame.get("expects_reply") and "timeout_ms" in frame:
            message["expires_at"] = _iso(self.now() + frame["timeout_ms"] / 1_000)
        message.update({"to": to} if to else {"channel_id": frame["channel_id"]})
        if not frame.get("ephemeral"):
            message.update(epoch=log.epoch, sequence=log.head["sequence"] + 1)
            log.rows.append(message)
        self._post(message, frame, sender)
        return message

    def _post(self, message: Frame, frame: Frame, sender: FakeSocket | None) -> None:
        to = message.get("to")
        if to and "sequence" in message and not any(socket.agent_id == to for socket in self.sockets):
            self._missed.setdefault(to, message["sequence"])
        for socket in list(self.sockets):
            is_for = socket.agent_id == to if to else message["channel_id"] in socket.channels
            wants_echo = frame.get("echo", sender.echo if sender else True)
            if not is_for or (socket is sender and not wants_echo):
                continue
            if not self.faults.loses_post():
                socket.post(message)
            if self.faults.doubles_post():
                socket.post(message)

    def receive(self, socket: FakeSocket, text: str) -> None:
        self.texts.append(text)
        answers = [answer for frame in _frames_in(text) for answer in self._answer(socket, frame)]
        if answers and not self.faults.loses_answer():
            socket.post(answers if len(answers) > 1 else answers[0])

    def _answer(self, socket: FakeSocket, frame: Frame) -> list[Frame]:
        scripted = self.script(frame, socket)
        if scripted == "silence":
            return []
        about = {"message_id": frame.get("id"), "timestamp": _iso(self.now())}
        if scripted is not None:
            return [{**about, **scripted}]
        channel_id = frame.get("channel_id")
        kind = frame.get("type")
        if kind == "hello":
            return self._hello(socket, frame, about)
        if kind == "subscribe":
            state, replay = self._subscribe(socket, {**(frame.get("since") or {}), "channel_id": channel_id})
            if "sequence" not in state:
                return [{"type": "ERROR", **about, "code": "forbidden", "error": "no"}]
            return [{"type": "SUBSCRIBED", **about, **state}, *replay]
        if kind == "unsubscribe":
            socket.channels.discard(str(channel_id))
            return [{"type": "UNSUBSCRIBED", **about, "channel_id": channel_id}]
        if kind == "history":
            return [self._history(socket, frame, about)]
        if kind == "ping":
            return [self._pong(socket, frame, about)]
        if kind == "presence":
            return [{"type": "PRESENCE", **about, "agents": []}]
        return self._published(socket, frame, about)

    def _hello(self, socket: FakeSocket, frame: Frame, about: Frame) -> list[Frame]:
        states = [
            self._resume_inbox(socket, entry)
            if entry["channel_id"] == INBOX
            else self._subscribe(socket, entry)
            for entry in frame["resume"]
        ]
        welcome = {
            "type": "WELCOME",
            **about,
            "agent_id": socket.agent_id,
            "tenant_id": "t",
            "token_expires_at": _iso(socket.expires_at),
            "channels": [state for state, _ in states],
        }
        return [welcome, *(answer for _, replay in states for answer in replay)]

    def _published(self, socket: FakeSocket, frame: Frame, about: Frame) -> list[Frame]:
        failure = self.faults.fails_publish()
        refused = {
            "type": "ERROR",
            **about,
            "code": "unavailable",
            "error": "not now",
            "retry_after_ms": 100,
        }
        if failure == "lost":
            return [refused]
        is_there = any(each.agent_id == frame.get("to") for each in self.sockets)
        if frame.get("expects_reply") and not is_there:
            return [{"type": "ERROR", **about, "code": "no_responders", "error": "nobody"}]
        rows = self.log(frame["channel_id"]).rows if "channel_id" in frame else []
        known = [row["id"] for row in rows if row["agent_id"] == socket.agent_id]
        is_known = frame.get("retry") and frame["id"] in known
        row = self.accept(frame, socket.agent_id, socket)
        if not frame.get("ephemeral") and self.faults.doubles_row():
            self.accept({**frame, "retry": False}, socket.agent_id, socket)
        if failure == "written":
            return [refused]
        place = {name: row[name] for name in ("sequence", "epoch") if name in row}
        ack = {"type": "ACK", "message_id": frame.get("id"), "timestamp": row["timestamp"]}
        return [{**ack, "status": "duplicate" if is_known else "accepted", **place}]

    def _subscribe(self, socket: FakeSocket, entry: Frame) -> tuple[Frame, list[Frame]]:
        channel_id = entry["channel_id"]
        if channel_id in self.forbidden:
            return {"channel_id": channel_id, "recovered": False, "reason": "forbidden"}, []
        socket.channels.add(channel_id)
        log = self.log(_key(socket, channel_id))
        state = {"channel_id": channel_id, **log.head}
        if "epoch" not in entry:
            return state, []
        since = entry["sequence"]
        reason = None
        if log.epoch != entry["epoch"]:
            reason = "epoch_changed"
        elif since != log.head["sequence"] and not any(row["sequence"] == since + 1 for row in log.rows):
            reason = "expired"
        if reason is not None:
            return {**state, "recovered": False, "reason": reason}, []
        return {**state, "recovered": True}, self._replay(channel_id, log, since)

    @staticmethod
    def _replay(channel_id: str, log: Log, since: int) -> list[Frame]:
        rows = [{**row, "replayed": True} for row in log.rows if row["sequence"] > since]
        end = {"type": "REPLAYED", "channel_id": channel_id, **log.head, "complete": True}
        return [*rows, end] if rows else []

    def _resume_inbox(self, socket: FakeSocket, entry: Frame) -> tuple[Frame, list[Frame]]:
        agent = socket.agent_id
        state, replay = self._subscribe(socket, entry)
        head = state["sequence"]
        missed = self._missed.pop(agent, head + 1) - 1
        self.handled.setdefault(agent, missed)
        self._keep(socket, entry["handled"])
        if state.get("recovered"):
            return {**state, "from": entry["sequence"]}, replay
        start = min(missed, self.handled[agent])
        return {**state, "from": start}, self._replay(INBOX, self.log(_key(socket, INBOX)), start)

    def _keep(self, socket: FakeSocket, handled: Frame | None) -> None:
        if handled:
            before = self.handled.get(socket.agent_id, 0)
            self.handled[socket.agent_id] = max(before, handled["sequence"])

    def _pong(self, socket: FakeSocket, frame: Frame, about: Frame) -> Frame:
        channels = []
        for entry in frame["channels"]:
            self._keep(socket, entry.get("handled"))
            head = self.log(_key(socket, entry["channel_id"])).head
            if head != {"epoch": entry["epoch"], "sequence": entry["sequence"]}:
                channels.append({"channel_id": entry["channel_id"], **head})
        return {"type": "PONG", **about, "channels": channels}

    def _history(self, socket: FakeSocket, frame: Frame, about: Frame) -> Frame:
        log = self.log(_key(socket, frame["channel_id"]))
        after, before, limit = frame.get("after"), frame.get("before"), frame.get("limit", 100)
        if after is not None:
            since = after["sequence"]
            is_next = any(row["sequence"] == since + 1 for row in log.rows)
            if after["epoch"] != log.epoch or (since != log.head["sequence"] and not is_next):
                return {"type": "ERROR", **about, "code": "not_recoverable", "error": "gone"}
            fitting = [row for row in log.rows if row["sequence"] > since]
            page = fitting[:limit]
        else:
            end = before["sequence"] if before else float("inf")
            fitting = [row for row in log.rows if row["sequence"] < end]
            page = fitting[-limit:]
        answer = {
            "type": "HISTORY",
            **about,
            "channel_id": frame["channel_id"],
            **log.head,
            "messages": [{**row, "replayed": True} for row in page],
            "part": 1,
            "last": True,
        }
        if len(page) < len(fitting):
            last = page[-1] if after is not None else page[0]
            answer["next"] = {"epoch": log.epoch, "sequence": last["sequence"]}
        return answer


def _key(socket: FakeSocket, channel_id: str) -> str:
    return f"{INBOX}/{socket.agent_id}" if channel_id == INBOX else channel_id


def _frames_in(text: str) -> list[Frame]:
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


def _iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
