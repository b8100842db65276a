"""Which messages go into the next text, and in which order after a failure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .._shared.limits import BATCH_FRAMES, FRAME_BYTES
from .entry import Entry

# The brackets of an array.
_ENVELOPE_BYTES = 2


def next_batch(entries: Iterable[Entry], oldest: float) -> tuple[list[Entry], list[Entry]]:
    """The next text, and what was first sent before ``oldest``: a repeat could not be told from a new message any more."""
    batch: list[Entry] = []
    old: list[Entry] = []
    most = BATCH_FRAMES
    size = _ENVELOPE_BYTES
    for entry in entries:
        if entry.first_sent_at is not None and entry.first_sent_at < oldest:
            old.append(entry)
            continue
        size += entry.outgoing.bytes + 1
        most = min(most, entry.most)
        if batch and (len(batch) >= most or size > FRAME_BYTES):
            break
        batch.append(entry)
    return batch, old


def put_behind(entries: Iterable[Entry], destinations: Collection[str]) -> dict[str, Entry]:
    """By id, with the messages to these destinations last. Each destination keeps its order."""
    ordered = sorted(entries, key=lambda entry: entry.destination in destinations)
    return {entry.id: entry for entry in ordered}
