"""An engine file is checked before it is swapped in, and comes back out if the engine does not take it."""

from pathlib import Path

import pytest

from ringfence.engines.install import EngineFile, EngineRefused, install


def a_file(folder: Path, text: str, complaint: str = "", name: str = "core.cfg") -> EngineFile:
    return EngineFile(
        folder / name, text, owner="", check=lambda staged: complaint if staged.exists() else "not staged"
    )


def test_a_new_file_is_put_in_place(tmp_path: Path) -> None:
    assert install([a_file(tmp_path, "one")], reload=str) == (tmp_path / "core.cfg",)
    assert (tmp_path / "core.cfg").read_text() == "one"
    assert (tmp_path / "core.cfg").stat().st_mode & 0o777 == 0o640


def test_equal_text_does_nothing(tmp_path: Path) -> None:
    install([a_file(tmp_path, "one")], reload=str)

    def never() -> str:
        raise AssertionError("reloaded without a change")

    assert install([a_file(tmp_path, "one", "would be refused")], never) == ()


def test_a_refused_file_leaves_all_old_ones_in_force(tmp_path: Path) -> None:
    install([a_file(tmp_path, "one"), a_file(tmp_path, "uno", name="nginx.conf")], reload=str)
    with pytest.raises(EngineRefused, match="line 3"):
        install([a_file(tmp_path, "two"), a_file(tmp_path, "due", "line 3", "nginx.conf")], reload=str)
    assert (tmp_path / "core.cfg").read_text() == "one"
    assert (tmp_path / "nginx.conf").read_text() == "uno"
    assert not list(tmp_path.glob("*.staged"))


def test_a_failed_reload_brings_the_previous_file_back(tmp_path: Path) -> None:
    install([a_file(tmp_path, "one")], reload=str)
    seen: list[str] = []

    def reload() -> str:
        seen.append((tmp_path / "core.cfg").read_text())
        return "does not start" if seen[-1] == "two" else ""

    with pytest.raises(EngineRefused, match="does not start"):
        install([a_file(tmp_path, "two")], reload)
    assert seen == ["two", "one"]
    assert (tmp_path / "core.cfg").read_text() == "one"


def test_a_first_file_that_fails_is_taken_away(tmp_path: Path) -> None:
    with pytest.raises(EngineRefused):
        install([a_file(tmp_path, "one")], reload=lambda: "no")
    assert not (tmp_path / "core.cfg").exists()
