"""Who is there: one's own state, questions and events."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from artcafe import AgentPresence, PubSubError
from fake_bus import FakeBus


def agent(name: str, version: int, status: str = "online") -> dict[str, Any]:
    return {"agent_id": name, "status": status, "capabilities": ["x"], "version": version}


async def test_ones_own_is_set_and_said_again_with_every_new_connection(bus: FakeBus) -> None:
    client = await bus.connected("a", status="idle")
    await client.presence.set(capabilities=["translate"])
    await client.presence.set(status="busy")
    bus.server.socket_of("a").drop()
    await asyncio.sleep(5)
    said = [(frame.get("status"), frame.get("capabilities")) for frame in bus.server.frames("hello")]
    assert said == [("idle", None), ("busy", ["translate"])]
    with pytest.raises(PubSubError, match='"status" must be'):
        await client.presence.set(status="offline")
    await client.close()


async def test_of_others_is_asked_for_page_by_page(bus: FakeBus) -> None:
    def script(frame: Any, _: Any) -> Any:
        if frame["type"] != "presence":
            return None
        if "after" in frame["query"]:
            return {"type": "PRESENCE", "agents": [agent("b", 2)]}
        return {"type": "PRESENCE", "agents": [agent("a", 1)], "next": "a"}

    bus.server.script = script
    client = bus.client("me")
    found = [each async for each in client.presence.query(online=True, capability="x")]
    assert found == [
        AgentPresence("a", "online", ("x",), 1, None),
        AgentPresence("b", "online", ("x",), 2, None),
    ]
    query = {"online": True, "capability": "x"}
    assert [frame["query"] for frame in bus.server.frames("presence")] == [query, {**query, "after": "a"}]
    await client.close()


async def test_events_come_by_version_and_a_question_after_a_drop_gives_what_was_missed(bus: FakeBus) -> None:
    known = [agent("b", 5)]
    bus.server.script = lambda frame, _: (
        {"type": "PRESENCE", "agents": list(known)} if frame["type"] == "presence" else None
    )
    client = await bus.connected("a")
    heard: list[Any] = []
    subscription = await client.presence.subscribe(
        lambda presence: heard.append((presence.agent_id, presence.version, presence.reason))
    )

    def event(version: int) -> None:
        content = {"status": "busy", "capabilities": [], "version": version, "reason": "changed"}
        bus.server.publish("$presence", content, type="presence", agent_id="b", ephemeral=True)

    for version in (7, 6, 7, 8):
        event(version)
    await asyncio.sleep(0.1)
    known[0] = agent("b", 9, "offline")
    bus.server.socket_of("a").drop()
    await asyncio.sleep(5)
    subscription.unsubscribe()
    event(10)
    await asyncio.sleep(1)
    assert heard == [("b", 5, None), ("b", 7, "changed"), ("b", 8, "changed"), ("b", 9, None)]
    await client.close()


async def test_what_the_service_refuses_is_not_said_again(bus: FakeBus) -> None:
    client = await bus.connected("a", status="idle")
    refused = {"type": "ERROR", "code": "invalid_message", "error": "no"}
    bus.server.script = lambda frame, _: refused if frame.get("status") == "odd" else None
    with pytest.raises(PubSubError, match="no"):
        await client.presence.set(status="odd")
    bus.server.socket_of("a").drop()
    await asyncio.sleep(0.0005)
    # Without a connection, the next `hello` is the first to say it.
    with pytest.raises(PubSubError, match="no"):
        await client.presence.set(status="odd")
    bus.server.socket_of("a").drop()
    await asyncio.sleep(60)
    assert client.state == "connected"
    assert bus.server.frames("hello")[-1]["status"] == "idle"
    await client.close()


async def test_a_list_that_the_user_changes_later_is_not_said(bus: FakeBus) -> None:
    capabilities: list[Any] = ["x"]
    client = bus.client("a", capabilities=capabilities)
    capabilities.append(object())
    await client.connect()
    assert bus.server.frames("hello")[0]["capabilities"] == ["x"]
    await client.close()


async def test_a_question_ends_when_the_client_is_closed(bus: FakeBus) -> None:
    bus.server.script = lambda frame, _: (
        {"type": "PRESENCE", "agents": [agent("a", 1), agent("b", 2)]}
        if frame["type"] == "presence"
        else None
    )
    client = await bus.connected("me")
    found: list[str] = []

    async def read() -> None:
        async for each in client.presence.query():
            found.append(each.agent_id)
            await client.close()

    with pytest.raises(PubSubError) as closed:
        await read()
    assert (closed.value.code, found) == ("closed", ["a"])
