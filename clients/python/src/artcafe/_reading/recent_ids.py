"""Keys of the last minutes. Time is the server's, as it stands in the messages; epoch seconds."""

from __future__ import annotations

from collections.abc import Hashable


class RecentIds:
    """Forgets what is older than the window, in seconds."""

    def __init__(self, window: float) -> None:
        self._window = window
        # Ordered by time.
        self._times: dict[Hashable, float] = {}
        self._newest = 0.0

    def __contains__(self, key: Hashable) -> bool:
        return key in self._times

    def __len__(self) -> int:
        return len(self._times)

    def note(self, key: Hashable, time: float) -> bool:
        """Notes the key; tells whether it was noted before within the window."""
        before = self._times.get(key)
        self._newest = max(self._newest, time)
        self._forget()
        if before is not None and abs(time - before) <= self._window:
            return True
        self._times.pop(key, None)
        self._times[key] = time
        return False

    def _forget(self) -> None:
        limit = self._newest - self._window
        old = []
        for key, time in self._times.items():
            if time >= limit:
                break
            old.append(key)
        for key in old:
            del self._times[key]
