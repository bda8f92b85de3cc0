"""``kb mail``: mail in, from files, a pipe, or the network."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import typer

from kb_service.commands.context import using_database
from kb_service.settings import Settings
from kb_service.telemetry import configure_logging

app = typer.Typer(no_args_is_help=True)

TRY_AGAIN = 75
"""EX_TEMPFAIL: the mail server that pipes a message keeps it and tries again."""


@app.command()
def receive(
    files: list[Path] = typer.Argument(None, help="Raw messages (RFC 5322), one a file; without: one on stdin."),
    sender: str = typer.Option(None, "--from", help="The envelope's sender; empty for <>."),
    recipient: list[str] = typer.Option([], "--to", help="The envelope's recipient; may be repeated."),
) -> None:
    """Take messages in; the same one again changes nothing. Exit code 75 when the database is away: try again."""
    from kb_service.cases.mails import site_of
    from kb_service.channels.mail_headers import bare_address
    from kb_service.channels.mail_parsing import Envelope
    from kb_service.channels.receiving import receive_raw
    from kb_service.db.failures import UNREACHABLE
    from kb_service.secret import with_secret_key

    settings = with_secret_key(Settings())
    envelope = Envelope(None if sender is None else bare_address(sender), tuple(recipient))
    try:
        with using_database() as database:
            for name, raw in _messages(files or [], settings.mail_max_mb * 1024 * 1024):
                found = receive_raw(database, site_of(settings), raw, envelope)
                again = "" if found.is_new else " (came before)"
                case = f" C-{found.case_id:06d}" if found.case_id else ""
                print(f"{name}: {found.kind}, {found.outcome}{case}{again}")
    except UNREACHABLE as error:
        sys.stderr.write(f"kb: not stored, try again later: {type(error).__name__}\n")
        raise typer.Exit(TRY_AGAIN)


def _messages(files: list[Path], limit: int) -> Iterator[tuple[str, bytes]]:
    from kb_service.errors import InvalidInput, TooLarge

    read = ((str(path), path.read_bytes()) for path in files) if files else [("-", sys.stdin.buffer.read(limit + 1))]
    for name, raw in read:
        if not raw.strip():
            raise InvalidInput(f"{name} is empty; give a raw message (RFC 5322).")
        if len(raw) > limit:
            raise TooLarge(f"{name} has more than {limit:,} bytes (KB_MAIL_MAX_MB).")
        yield name, raw


@app.command()
def listen(
    address: str = typer.Argument("", help="lmtp://host:port or smtp://host:port; default KB_MAIL_LISTEN."),
) -> None:
    """Take mail in by LMTP or SMTP until interrupted; `kb serve` does, too, where KB_MAIL_LISTEN is set."""
    from kb_service.channels.listener import make_listener, parse_listen
    from kb_service.secret import with_secret_key

    settings = with_secret_key(Settings())
    configure_logging(settings.log_level)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with using_database() as database:
        listener = make_listener(database, settings, parse_listen(address or settings.mail_listen))
        listener.start(must_listen=True)
        try:
            stopping.wait()
        finally:
            listener.stop()
