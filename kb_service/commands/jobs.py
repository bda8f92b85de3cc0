"""``kb jobs``."""

from __future__ import annotations

from datetime import datetime

import typer

from kb_service.commands.context import print_table, using_database

app = typer.Typer()


@app.command()
def jobs() -> None:
    """Periodic jobs: when each last ran, how it ended, when it runs next."""
    from kb_service.db.jobs import list_jobs

    with using_database() as database:
        rows = [
            (row.name, _time(row.last_finished_at), _time(row.next_run_at), row.last_error or row.last_result or "")
            for row in list_jobs(database)
        ]
    print_table(("JOB", "LAST END", "NEXT RUN", "RESULT"), rows)


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%SZ}" if at else "-"
