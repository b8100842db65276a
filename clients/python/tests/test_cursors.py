"""Positions in files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from artcafe import FileCursor, Position, PubSubError

PLACE = Position("e", 7)


def load(cursor: FileCursor, channel: str = "c") -> Position | None:
    return asyncio.run(cursor.load(channel))


def save(cursor: FileCursor, channel: str = "c", position: Position = PLACE) -> None:
    asyncio.run(cursor.save(channel, position))


def test_goes_on_where_it_was(tmp_path: Path) -> None:
    cursor = FileCursor(tmp_path / "new")
    assert load(cursor) is None
    save(cursor)
    save(cursor, "C", Position("other", 0))
    assert load(FileCursor(tmp_path / "new")) == PLACE
    assert load(cursor, "C") == Position("other", 0)
    assert sorted(each.suffix for each in (tmp_path / "new").iterdir()) == [".json", ".json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        '{"epoch": "e"}',
        '{"epoch": "", "sequence": 1}',
        '{"epoch": "e", "sequence": -1}',
        '{"epoch": "e", "sequence": 1.5}',
        '{"epoch": "e", "sequence": true}',
        '{"epoch": "e", "sequence": 9007199254740992}',
        '{"epoch": "e", "sequence": 1, "channel_id": "another"}',
        "\x00" * 50,
    ],
)
def test_a_damaged_file_is_set_aside_and_told_as_position_lost(tmp_path: Path, text: str) -> None:
    cursor = FileCursor(tmp_path)
    save(cursor)
    [file] = tmp_path.iterdir()
    file.write_text(text)
    with pytest.raises(PubSubError) as lost:
        load(cursor)
    assert lost.value.code == "position_lost"
    assert [each.name for each in tmp_path.iterdir()] == [f"{file.name}.damaged"]
    assert load(cursor) is None


def test_the_file_is_that_of_the_javascript_client(tmp_path: Path) -> None:
    save(FileCursor(tmp_path))
    [file] = tmp_path.iterdir()
    assert json.loads(file.read_text()) == {"channel_id": "c", "epoch": "e", "sequence": 7}
    # SHA-256 of "c", its first 32 digits.
    assert file.name == "2e7d2c03a9507ae265ecf5b5356885a5.json"


async def _save_many(cursor: FileCursor) -> None:
    await asyncio.gather(*(cursor.save("c", Position("e", each)) for each in range(20)))


def test_saves_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    asyncio.run(_save_many(FileCursor(tmp_path)))
    assert load(FileCursor(tmp_path)) is not None
    assert len(list(tmp_path.iterdir())) == 1


def test_a_save_that_fails_leaves_the_old_position(tmp_path: Path) -> None:
    cursor = FileCursor(tmp_path)
    save(cursor)
    [file] = tmp_path.iterdir()
    file.unlink()
    file.mkdir()
    with pytest.raises(OSError, match="directory"):
        save(cursor, position=Position("e", 8))
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_a_folder_that_is_deleted_at_run_time_is_made_again(tmp_path: Path) -> None:
    cursor = FileCursor(tmp_path / "folder")
    save(cursor)
    for each in (tmp_path / "folder").iterdir():
        each.unlink()
    (tmp_path / "folder").rmdir()
    save(cursor)
    assert load(cursor) == PLACE
