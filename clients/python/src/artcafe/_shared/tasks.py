"""Waiting that ends, and work that goes on by itself."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import inspect
import math
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from ..errors import PubSubError

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that a call waits which gives no time of its own."""

Late = Callable[[], "tuple[str, BaseException | None]"]
"""What did not come, and why so far."""


_running: set[asyncio.Future[Any]] = set()


def spawn(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Work that nobody waits for. Without a reference to it, the loop would let it be collected on the way."""
    # Not by the loop's own factory: one that begins at once would call the user's code in the middle of ours.
    task = asyncio.Task(work, loop=asyncio.get_running_loop())
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


def quiet(future: asyncio.Future[T]) -> asyncio.Future[T]:
    """The same future, whose failure is no news when nobody waits for it."""
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return future


def new_future() -> asyncio.Future[Any]:
    return quiet(asyncio.get_running_loop().create_future())


def failed_future(error: BaseException) -> asyncio.Future[Any]:
    future = new_future()
    future.set_exception(error)
    return future


async def within(future: asyncio.Future[T], timeout: float, late: Late) -> T:
    """What the future gives. Neither the end of the time (``timeout``) nor a cancellation touches the future."""
    done, _ = await asyncio.wait({future}, timeout=None if timeout == math.inf else timeout)
    if not done:
        message, cause = late()
        raise PubSubError("timeout", f"{message} in {timeout:g} s", cause=cause)
    return future.result()


async def at_most(delay: float, future: asyncio.Future[Any]) -> None:
    """Waits for the future, but no longer. Never raises what it holds."""
    await asyncio.wait({future}, timeout=delay)


async def in_thread(call: Callable[[], T]) -> T:
    """What a function gives that may block. One that never ends holds neither the process nor a thread of the loop."""
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
    context = contextvars.copy_context()

    def run() -> None:
        if not outcome.set_running_or_notify_cancel():
            return
        try:
            outcome.set_result(context.run(call))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="artcafe", daemon=True).start()
    return await asyncio.wrap_future(outcome)


async def result_of(value: Awaitable[T] | T) -> T:
    """What a user's function gave, which may be a coroutine of it."""
    if inspect.isawaitable(value):
        return await value
    return value


async def settle(call: Callable[[], Awaitable[T] | T], name: str = "handler") -> T:
    """What a user's function gives. A cancellation that it raises itself, or of what it waits for, does not end the caller."""
    try:
        value = call()
    except asyncio.CancelledError as error:
        raise RuntimeError(f"The {name} was cancelled") from error
    if not inspect.isawaitable(value):
        return value
    work: asyncio.Future[T] = asyncio.ensure_future(value)
    try:
        await asyncio.wait({work})
    except asyncio.CancelledError:
        work.cancel()
        raise
    if work.cancelled():
        raise RuntimeError(f"The {name} was cancelled")
    return work.result()
