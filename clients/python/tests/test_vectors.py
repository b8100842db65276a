"""The Python SDK on the vectors that every SDK has to pass; test/vectors/README.md says how they are read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artcafe import Position, PubSub

FOLDER = Path(__file__).parents[3] / "test/vectors"
PATIENCE = 60.0
MISSING = object()
WELCOME = {
    "type": "WELCOME",
    "message_id": "$hello",
    "timestamp": "2026-11-24T18:00:00.000Z",
    "token_expires_at": "2026-11-25T18:00:00.000Z",
    "agent_id": "me",
    "tenant_id": "t",
}


def vectors() -> list[Any]:
    return list(_vectors())


def _vectors() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*.json")):
        for vector in json.loads(file.read_text()):
            yield pytest.param(vector, id=f"{file.stem}: {vector['name']}")


class ScriptedSocket:
    """What the client has of a connection."""

    def __init__(self, run: VectorRun) -> None:
        self._run = run
        self._incoming: asyncio.Queue[str | None] = asyncio.Queue()

    async def send(self, text: str) -> None:
        self._run.texts.append((text, self))

    async def recv(self) -> str:
        text = await self._incoming.get()
        if text is None:
            raise ConnectionError("closed")
        return text

    async def close(self) -> None:
        self.post(None)

    def abort(self) -> None:
        self.post(None)

    def post(self, text: str | None) -> None:
        self._incoming.put_nowait(text)


class VectorRun:
    """One vector: a client on a service that says only what the vector says."""

    def __init__(self, options: dict[str, Any]) -> None:
        async def token() -> str:
            return "me"

        self.texts: list[tuple[str, ScriptedSocket]] = []
        self._client = PubSub("wss://bus", token, **options)
        self._gaps: list[Any] = []
        self._client.on("gap", self._gaps.append)
        self._client.on("error", lambda _: None)
        self._names: dict[str, Any] = {}
        self._heard: dict[str, list[Any]] = {}
        self._results: dict[str, asyncio.Task[Any]] = {}
        self._current: ScriptedSocket | None = None

    async def open(self, _url: str, _tls: object) -> ScriptedSocket:
        """Takes the place of `open_socket`."""
        await asyncio.sleep(0.001)
        return ScriptedSocket(self)

    async def take(self, step: dict[str, Any]) -> None:
        kind = next(iter(step))
        suffix = "_step" if kind in ("heard", "gaps", "results") else ""
        await getattr(self, f"_{kind}{suffix}")(**step)

    async def end(self) -> None:
        await self._client.close()
        await asyncio.gather(*self._results.values(), return_exceptions=True)

    async def _call(self, call: str, **given: Any) -> None:
        name = given.pop("as", call)
        if "timeout_ms" in given:
            given["timeout"] = given.pop("timeout_ms") / 1_000
        if "since" in given:
            given["since"] = Position(**given["since"])
        self._results[name] = asyncio.ensure_future(getattr(self, f"_do_{call}")(**given))
        await asyncio.sleep(0)

    async def _do_connect(self) -> None:
        await self._client.connect()

    async def _do_subscribe(self, channel: str, **options: Any) -> None:
        contents = self._heard.setdefault(channel, [])
        await self._client.channel(channel).subscribe(
            lambda message: contents.append(message.content), **options
        )

    async def _do_inbox(self) -> None:
        contents = self._heard.setdefault("$inbox", [])
        await self._client.inbox.subscribe(lambda message: contents.append(message.content))

    async def _do_publish(self, channel: str, content: Any) -> Any:
        return await self._client.channel(channel).publish(content)

    async def _do_send(self, to: str, content: Any) -> Any:
        return await self._client.agent(to).send(content)

    async def _do_request(self, to: str, content: Any, **options: Any) -> Any:
        return await self._client.agent(to).request(content, **options)

    async def _do_on_request(self, gives: Any) -> None:
        self._client.on_request(lambda *_: gives)

    async def _do_history(self, channel: str, **options: Any) -> list[Any]:
        return [message.content async for message in self._client.channel(channel).history(**options)]

    async def _welcome(self, welcome: list[Any], resume: list[Any] | None = None) -> None:
        hello = {"type": "hello", "id": "$hello"}
        await self._sends([hello if resume is None else {**hello, "resume": resume}])
        await self._receives([{**WELCOME, "channels": welcome}])
        del self._names["$hello"]

    async def _sends(self, sends: list[Any]) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not self.texts:
            assert asyncio.get_running_loop().time() < deadline, "The client has sent nothing"
            await asyncio.sleep(0.01)
        text, self._current = self.texts.pop(0)
        frames = json.loads(text)
        self._match(frames if isinstance(frames, list) else [frames], sends)

    async def _sends_nothing_ms(self, sends_nothing_ms: int) -> None:
        await asyncio.sleep(sends_nothing_ms / 1_000)
        assert self.texts == []

    async def _receives(self, receives: list[Any]) -> None:
        named = self._with_names(receives)
        await self._receives_text(json.dumps(named if len(named) > 1 else named[0]))

    async def _receives_text(self, receives_text: str) -> None:
        assert self._current is not None
        self._current.post(receives_text)
        await asyncio.sleep(0.001)

    async def _cut(self, **_: bool) -> None:
        assert self._current is not None
        self._current.post(None)

    async def _heard_step(self, heard: dict[str, list[Any]]) -> None:
        await asyncio.sleep(0.005)
        assert {name: self._heard[name] for name in heard} == heard

    async def _gaps_step(self, gaps: list[Any]) -> None:
        await asyncio.sleep(0.005)
        names = {"channel_id": "channel", "first": "from", "last": "to"}
        told = [
            {names.get(name, name): getattr(gap, name) for name in gap.__dataclass_fields__}
            for gap in self._gaps
        ]
        self._match(told, gaps)

    async def _results_step(self, results: dict[str, Any]) -> None:
        await asyncio.sleep(0.005)
        for name, wanted in results.items():
            task = self._results[name]
            if wanted == "pending":
                assert not task.done()
                continue
            assert task.done()
            result = task.exception() or task.result()
            if isinstance(wanted, list):
                assert result == wanted
            else:
                self._match(result, wanted)

    async def _state(self, state: str) -> None:
        await asyncio.sleep(0.005)
        assert self._client.state == state

    def _match(self, value: Any, pattern: Any) -> None:
        """Fields that the pattern does not list may be anything, null must be absent, and names take values."""
        if isinstance(pattern, str) and pattern.startswith("$") and pattern != "$inbox":
            assert value == self._names.setdefault(pattern, value)
        elif isinstance(pattern, list):
            assert len(value) == len(pattern)
            for each, wanted in zip(value, pattern, strict=True):
                self._match(each, wanted)
        elif isinstance(pattern, dict):
            for name, wanted in pattern.items():
                is_dict = isinstance(value, dict)
                self._match(value.get(name, MISSING) if is_dict else getattr(value, name), wanted)
        elif pattern is None:
            assert value in (MISSING, None)
        else:
            assert value == pattern

    def _with_names(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._names.get(value, value)
        if isinstance(value, list):
            return [self._with_names(each) for each in value]
        if isinstance(value, dict):
            return {name: self._with_names(each) for name, each in value.items()}
        return value


@pytest.mark.parametrize("vector", vectors())
async def test_vector(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    run = VectorRun(vector.get("options", {}))
    monkeypatch.setattr("artcafe._connection.dialer.open_socket", run.open)
    for number, step in enumerate(vector["steps"], 1):
        try:
            await run.take(step)
        except AssertionError as error:
            raise AssertionError(f"Step {number}, {json.dumps(step)}: {error}") from error
    await run.end()
