"""Every periodic job of the service beside the index's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb_service.authoring.checks_nightly import checking_jobs
from kb_service.authoring.duplicates_finding import Finder
from kb_service.authoring.gaps_collecting import Collector, Rules
from kb_service.authoring.jobs import authoring_jobs
from kb_service.cases import closing
from kb_service.cases.mails import site_of
from kb_service.cases.unanswered import UnansweredCases
from kb_service.channels.receiving import forget_set_aside
from kb_service.channels.smtp import Transport, parse_smtp_url, send_due
from kb_service.db.jobs import Job
from kb_service.retention import retention_jobs
from kb_service.search.article_words import fill
from kb_service.sign_in.links import is_offered, mail_links

if TYPE_CHECKING:
    from kb_service.assembly import Parts

WORDS_SECONDS = 10.0
MAIL_SECONDS = 2.0
MAIL_FORGET_SECONDS = 3600.0


def background_jobs(parts: Parts) -> list[Job]:
    """What forgets, what authors plan and are told, the words that the database searches by, and mail that leaves."""
    settings, database = parts.settings, parts.database
    gaps = Collector(
        database, parts.encoder, Rules(settings.gap_sessions, settings.query_log_days), [UnansweredCases()]
    )
    return [
        *retention_jobs(parts),
        *authoring_jobs(database, settings),
        *checking_jobs(database, Finder(parts.search), parts.catalog),
        gaps.job(),
        Job("search.words", WORDS_SECONDS, lambda: fill(database)),
        Job("mail.forget", MAIL_FORGET_SECONDS, lambda: forget_set_aside(database)),
        Job("cases.close", closing.EVERY_SECONDS, lambda: closing.close_waiting(database, site_of(settings))),
        *mail_jobs(parts),
    ]


def mail_jobs(parts: Parts) -> list[Job]:
    """Sending, where KB_SMTP_URL says where to; otherwise mails stay in the outbox."""
    settings, database = parts.settings, parts.database
    if not settings.smtp_url:
        return []
    server, mail_from = parse_smtp_url(settings.smtp_url), settings.effective_mail_from
    sending = Job("mail.send", MAIL_SECONDS, lambda: send_due(database, Transport(server), mail_from))
    if not is_offered(settings):
        return [sending]
    return [Job("sign_in.links", MAIL_SECONDS, lambda: mail_links(database, settings)), sending]
