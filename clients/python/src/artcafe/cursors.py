"""Where a reader stands, kept beyond the life of a process if the user wants it so."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .errors import PubSubError

_MOST_SEQUENCE = 2**53 - 1
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a channel: everything up to and including it has been seen.

    Attributes:
        epoch: Opaque. Sequences of different epochs can't be compared.
        sequence: From 0 to 2**53 - 1.
    """

    epoch: str
    sequence: int


class Cursor(Protocol):
    """Keeps one position per channel (and one for the inbox, named ``$inbox``); both functions may be ``async`` or not.

    A position is saved when every handler of the channel is through with its message, so what was being worked on at a crash
    comes again. What the cursor could not keep, the client knows until it is closed.
    """

    def load(self, channel_id: str) -> Position | Awaitable[Position | None] | None:
        """Gives ``None`` when there is no position yet.

        Whatever it raises, and a value that is no position, means that the position is lost: the channel begins with what is
        new, after a ``gap`` with reason ``position_lost``. What it raises goes to the ``error`` event as well, unless its
        ``code`` is ``position_lost``.
        """
        ...

    def save(self, channel_id: str, position: Position) -> Awaitable[None] | None:
        """Never called twice at once for one channel; positions in between are left out while it runs.

        When it raises, the ``error`` event says so once, until a save succeeds again; the next position is tried all the
        same.
        """
        ...


class MemoryCursor:
    """The default: positions live as long as the client."""

    def __init__(self) -> None:
        self._positions: dict[str, Position] = {}

    def load(self, channel_id: str) -> Position | None:
        return self._positions.get(channel_id)

    def save(self, channel_id: str, position: Position) -> None:
        self._positions[channel_id] = position


class FileCursor:
    """Positions in a folder, one small file per channel, so that an agent goes on where it was after a restart.

    One process per folder: of two, each overwrites the positions of the other. The folder is made when it is missing. A
    position is complete on the disk before it replaces the old one, so a crash or a power cut leaves one of the two. A file
    that holds no position all the same gets the name ``….damaged``, and the channel a gap with reason ``position_lost``. The
    files are those of the JavaScript client's ``FileCursor``.

    Args:
        folder: Relative to the current folder at the time of the call.

    Example:
        >>> bus = PubSub(url, token, cursor=FileCursor(".positions"))
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder).absolute()
        self._lock = threading.Lock()

    async def load(self, channel_id: str) -> Position | None:
        """Raises ``position_lost`` when the file is damaged, and the system's error when it can't be read."""
        return await asyncio.to_thread(self._load, channel_id)

    async def save(self, channel_id: str, position: Position) -> None:
        """Raises the system's error, such as ``ENOSPC``; the old position stays then."""
        await asyncio.to_thread(self._save, channel_id, position)

    def _load(self, channel_id: str) -> Position | None:
        file = self._file_of(channel_id)
        with self._lock:
            try:
                text = file.read_bytes()
            except FileNotFoundError:
                return None
            position = _position_in(text, channel_id)
            if position is not None:
                return position
            # Where the folder can't be written to, it stays.
            with contextlib.suppress(OSError):
                file.replace(f"{file}.damaged")
        raise PubSubError("position_lost", f'{file} held no position of "{channel_id}"; it is set aside')

    def _save(self, channel_id: str, position: Position) -> None:
        file = self._file_of(channel_id)
        value = {"channel_id": channel_id, "epoch": position.epoch, "sequence": position.sequence}
        with self._lock:
            _replace(file, json.dumps(value).encode())

    def _file_of(self, channel_id: str) -> Path:
        # Names of channels that differ by case only, or that a system reserves, are no names of files; their hashes are.
        return self._folder / f"{hashlib.sha256(channel_id.encode()).hexdigest()[:32]}.json"


def is_position(epoch: object, sequence: object) -> bool:
    """Whether something read from outside is a position, as the service takes it.

    Anything else, the service refuses together with all that is asked beside it.
    """
    is_epoch = isinstance(epoch, str) and 0 < len(epoch) <= 128 and not _ODD.search(epoch)
    is_sequence = isinstance(sequence, int) and not isinstance(sequence, bool)
    return is_epoch and is_sequence and 0 <= sequence <= _MOST_SEQUENCE  # type: ignore[operator]


def position_in(value: object) -> Position | None:
    """The position in a frame, if there is one."""
    if not isinstance(value, dict):
        return None
    epoch, sequence = value.get("epoch"), value.get("sequence")
    if not is_position(epoch, sequence):
        return None
    return Position(epoch, sequence)  # type: ignore[arg-type]


def _position_in(text: bytes, channel_id: str) -> Position | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    position = position_in(value)
    if position is None or value.get("channel_id", channel_id) != channel_id:
        return None
    return position


def _replace(file: Path, text: bytes) -> None:
    # Again each time: the folder may have been deleted.
    file.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own for each process, and the same after a restart, so that crashes leave little behind.
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        fresh.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    # So that the new name survives a power cut; not every system can do this, and the file itself is on the disk.
    with contextlib.suppress(OSError):
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
