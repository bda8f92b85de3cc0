"""The periodic work of authoring."""

from __future__ import annotations

from kb_service.authoring.feedback import settle
from kb_service.db.jobs import Job
from kb_service.db.session import Database
from kb_service.settings import Settings

EVERY_SECONDS = 10.0


def authoring_jobs(database: Database, settings: Settings) -> list[Job]:
    """Closing the feedback loop."""
    return [
        Job(
            "authoring.feedback",
            EVERY_SECONDS,
            lambda: database.write(lambda s: settle(s, settings.feedback_min_votes)),
        )
    ]
