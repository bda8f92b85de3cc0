"""The periodic work of authoring."""

from __future__ import annotations

from kb_service.authoring.feedback import settle
from kb_service.authoring.freshness import tell_overdue
from kb_service.authoring.scheduling import run_due
from kb_service.db.jobs import Job
from kb_service.db.session import Database
from kb_service.settings import Settings

EVERY_SECONDS = 10.0
REVIEWS_SECONDS = 3600.0


def authoring_jobs(database: Database, settings: Settings) -> list[Job]:
    """Closing the feedback loop; what was scheduled; telling of overdue reviews."""
    return [
        Job(
            "authoring.feedback",
            EVERY_SECONDS,
            lambda: database.write(lambda s: settle(s, settings.feedback_min_votes)),
        ),
        Job("authoring.schedule", EVERY_SECONDS, lambda: f"made {database.write(run_due)}"),
        Job(
            "authoring.reviews",
            REVIEWS_SECONDS,
            lambda: f"told of {database.write(lambda s: tell_overdue(s, settings.review_days))}",
        ),
    ]
