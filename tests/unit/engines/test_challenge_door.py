"""The door for challenges: open while an order runs, shut whatever becomes of whoever opened it (RFC 8555, 8.3)."""

from pathlib import Path

import pytest

from ringfence.engines.certificates.challenges import FOLDER, OPEN_SECONDS, SHUT_AGAIN_SECONDS
from ringfence.engines.changing import webaccess
from ringfence.engines.changing.questions import Args, Refusal
from ringfence.engines.changing.webaccess import WebServer
from ringfence.engines.listeners import WebAccess, write_web_access
from ringfence.hosts import ports
from tests.unit.engines.systems import a_system

ASKED: Args = {"challenges": {"a": f"a.{'t' * 43}"}}


class Desk(WebServer):
    """Puts nothing in force but remembers what it would, as the files do."""

    def __init__(self, folder: Path) -> None:
        self.system = a_system(state=folder, run=folder / "run")
        super().__init__(self.system)
        self.system.paths.web_access.parent.mkdir(exist_ok=True)
        self.put: list[WebAccess] = []
        self.refusals = 0

    def _put_in_force(self, wanted: WebAccess) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Refusal("web.refused", "", "The web server did not take it; nothing was changed.")
        self.put.append(wanted)
        write_web_access(self.system.paths.web_access, wanted)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(webaccess, "taken", lambda _: [])
    monkeypatch.setattr(WebServer, "show", lambda *_: {})
    return Desk(tmp_path)


def test_it_opens_stays_open_beside_other_changes_and_is_closed(desk: Desk) -> None:
    assert desk.answer_challenges(ASKED) == {"challenges": ["a"]}
    desk.listen({"provisioning_http": True})
    desk.answer_challenges({"challenges": {}})
    assert [access.ports for access in desk.put] == [(80,), (80, 8888), (8888,)]


def test_it_is_closed_in_time_if_nobody_does(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.answer_challenges(ASKED)
    desk.close_overdue()
    assert len(desk.put) == 1
    late = webaccess.time.monotonic() + OPEN_SECONDS + 1
    monkeypatch.setattr(webaccess.time, "monotonic", lambda: late)
    desk.close_overdue()
    desk.close_overdue()
    assert [access.ports for access in desk.put] == [(80,), ()]


def test_one_that_does_not_close_is_closed_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web server that is busy once must not answer for ever."""
    desk.answer_challenges(ASKED)
    now = webaccess.time.monotonic() + OPEN_SECONDS + 1
    desk.refusals = 1
    for seconds, is_open in ((0, True), (1, True), (SHUT_AGAIN_SECONDS + 1, False)):
        monkeypatch.setattr(webaccess.time, "monotonic", lambda late=now + seconds: late)
        desk.close_overdue()
        assert (desk.put[-1].ports == (80,)) is is_open


def test_one_that_a_dead_process_left_open_is_closed_at_the_start(desk: Desk) -> None:
    file = desk.system.paths.nginx_config
    file.parent.mkdir(parents=True)
    file.write_text("location / {}")
    desk.close_left_open()
    assert desk.put == []
    file.write_text(f'location = "{FOLDER}a" {{}}')
    desk.close_left_open()
    assert [access.ports for access in desk.put] == [()]


def test_a_port_that_was_closed_a_moment_ago_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old workers of nginx hold it until they have read that they are to go."""
    answers = [[ports.HTTP], []]
    monkeypatch.setattr(webaccess, "taken", lambda _: answers.pop(0) if answers else [])
    desk.answer_challenges(ASKED)
    assert (desk.put[0].ports, answers) == ((80,), [])


def test_it_does_not_open_what_another_program_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webaccess, "taken", list)
    monkeypatch.setattr(webaccess, "RELEASED_WITHIN", 0.0)
    with pytest.raises(Refusal, match="port 80") as caught:
        desk.answer_challenges(ASKED)
    assert (caught.value.rule, desk.put) == ("web.port_taken", [])
