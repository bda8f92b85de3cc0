"""A thousand mails of every shape through a real listener: run with ``pytest -m soak tests/soak/test_mail_soak.py -s``."""

from __future__ import annotations

import pytest

from kb_service.assembly import Parts
from kb_service.channels.listener import ListenAddress, make_listener
from kb_service.settings import Settings
from tests.support.mail_traffic import judge, mails_for, send_all
from tests.support.mails import OURS, SHAPES

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
MAILS, CASES = 1000, 12


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mail_from": f"Help <{OURS}>"})


def test_a_thousand_mails_are_all_there_once_in_their_threads_and_no_machine_is_answered(parts: Parts) -> None:
    mails = mails_for(parts, MAILS, CASES)
    listener = make_listener(parts.database, parts.settings, ListenAddress("127.0.0.1", 0))
    listener.start(must_listen=True)
    try:
        refused = send_all(listener.port, mails, 8)
    finally:
        listener.stop()
    verdict = judge(parts, mails)
    print(f"\n{len(SHAPES)} shapes; {verdict}; refused {refused}")
    assert refused == [] and (verdict.lost, verdict.double, verdict.answered) == (0, 0, 0)
    assert verdict.right_thread >= 0.99 and not verdict.faults
