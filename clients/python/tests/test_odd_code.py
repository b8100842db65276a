"""Code of the user that misbehaves: cursors, listeners, loggers and handlers. The client goes on."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import Any

import pytest

from artcafe import Backoff, Gap, MemoryCursor, Message, Position, PubSubError
from fake_bus import FakeBus


class Throwing(Position):
    """Reading it raises."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name in ("epoch", "sequence"):
            raise ValueError("odd row")
        return super().__getattribute__(name)


class Giving:
    """A cursor whose ``load`` gives always the same."""

    def __init__(self, given: Any) -> None:
        self._given = given

    def load(self, _: str) -> Any:
        return self._given

    def save(self, _: str, __: Position) -> None:
        return None


class Classless:
    """Whose class can not be asked for."""

    @property
    def __class__(self) -> Any:
        raise ValueError("no class")


@pytest.mark.parametrize(
    "given",
    [
        lambda: Throwing("e", 1),
        Classless,
        lambda: Position("", 1),
        lambda: Position("e", -1),
        lambda: Position("e", 1.5),  # type: ignore[arg-type]
        lambda: Position(7, 1),  # type: ignore[arg-type]
        lambda: {"epoch": "e", "sequence": 1},
    ],
)
async def test_what_a_cursor_gives_that_is_no_position_is_a_position_lost(bus: FakeBus, given: Any) -> None:
    client = bus.client("a", cursor=Giving(given()))
    gaps: list[Gap] = []
    errors: list[Any] = []
    client.on("gap", gaps.append)
    client.on("error", errors.append)
    await client.connect(timeout=20)
    assert [(gap.channel_id, gap.reason) for gap in gaps] == [("$inbox", "position_lost")]
    assert len(errors) == 1
    await client.close()


class _Raising(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise OSError("no log")


async def test_a_logger_that_raises_does_not_end_the_tries(bus: FakeBus) -> None:
    handler = _Raising()
    logging.getLogger("artcafe").addHandler(handler)
    try:
        bus.server.refuse = 503
        client = bus.client("a")
        connecting = asyncio.create_task(client.connect(timeout=100))
        await asyncio.sleep(20)
        bus.server.refuse = None
        await connecting
        await client.close()
    finally:
        logging.getLogger("artcafe").removeHandler(handler)


@pytest.mark.parametrize("error", [ValueError("mine"), asyncio.CancelledError()])
@pytest.mark.parametrize("name", ["retrying", "state"])
async def test_a_listener_that_raises_does_not_end_the_tries(
    bus: FakeBus, error: BaseException, name: Any
) -> None:
    handler = _Raising()
    logging.getLogger("artcafe").addHandler(handler)

    def listener(_: object) -> None:
        raise error

    try:
        bus.server.refuse = 503
        client = bus.client("a")
        client.on(name, listener)
        client.on("error", listener)
        connecting = asyncio.create_task(client.connect(timeout=100))
        await asyncio.sleep(20)
        bus.server.refuse = None
        await connecting
        bus.server.socket_of("a").drop()
        await asyncio.sleep(60)
        assert client.state == "connected"
        await client.close()
    finally:
        logging.getLogger("artcafe").removeHandler(handler)


async def test_a_handler_that_raises_a_cancellation_is_through_with_its_message(bus: FakeBus) -> None:
    cursor = MemoryCursor()
    client = await bus.connected("a", cursor=cursor)
    errors: list[Any] = []
    client.on("error", errors.append)

    def handler(_: Message) -> None:
        raise asyncio.CancelledError

    await client.channel("c").subscribe(handler)
    bus.server.publish("c", 1)
    bus.server.publish("c", 2)
    await asyncio.sleep(1)
    assert cursor.load("c") == Position("epoch-of-c", 2)
    assert len(errors) == 2
    await client.close()


async def test_a_request_whose_handler_hangs_counts_as_handled_when_its_time_is_over(bus: FakeBus) -> None:
    asking = await bus.connected("b")
    client = await bus.connected("a")

    @client.on_request
    async def hang(_: Any, __: Message) -> None:
        await asyncio.Event().wait()

    with pytest.raises(PubSubError, match="No reply"):
        await asking.agent("a").request("?", timeout=5)
    await asyncio.sleep(600)
    assert bus.server.handled["a"] == 1
    await client.close()
    await asking.close()


@pytest.mark.parametrize(
    "bounds",
    [
        Backoff(base=1e-9, cap=1e-9),
        Backoff(base=1e-300),
        Backoff(cap=1e-9),
        Backoff(base=10**400, cap=10**400),
        Backoff(base=math.inf, cap=math.inf),
    ],
)
async def test_no_backoff_makes_the_client_spin_or_stop(bus: FakeBus, bounds: Backoff) -> None:
    bus.server.refuse = 503
    client = bus.client("a", backoff=bounds)
    client.on("retrying", lambda _: None)
    connecting = asyncio.create_task(client.connect(timeout=math.inf))
    await asyncio.sleep(60)
    assert bus.server.handshakes < 60 * 30
    # Until a wait of a day is over.
    if bounds.base > 1:
        await asyncio.sleep(100_000)
    assert bus.server.handshakes > 1
    connecting.cancel()
    await client.close()
