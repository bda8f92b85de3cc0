"""Mail comes in by LMTP or SMTP: a message is accepted (250) only when it is committed.

Invariants: what is not committed is answered 451 (try again) or 552 (too large), never 250; of several processes one
listens, and another takes over when it is gone; stopping waits for the messages in hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from kb_service.cases.mails import site_of
from kb_service.channels.mail_headers import bare_address
from kb_service.channels.mail_parsing import Envelope
from kb_service.channels.receiving import Received, receive_raw
from kb_service.errors import InvalidInput
from kb_service.telemetry import Event, log

if TYPE_CHECKING:
    from kb_service.db.session import Database
    from kb_service.settings import Settings

THREADS = 4
RETRY_SECONDS = 2.0
IDLE_SECONDS = 120.0
GRACE_SECONDS = 20.0
MAX_LINE = 4 * 1024 * 1024
"""RFC 5321 allows 1,000 bytes; careless programs write a paragraph, or a whole page, on one line."""
ACCEPTED = "250 2.0.0 Accepted"
TRY_AGAIN = "451 4.3.0 Not stored; please try again later"
_TAKEN = frozenset({errno.EADDRINUSE})

Take = Callable[[bytes, Envelope], Received]


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen, and which of the two protocols."""

    host: str
    port: int
    is_lmtp: bool = False


def parse_listen(value: str) -> ListenAddress:
    """``lmtp://host:port``, ``smtp://host:port`` or ``host:port``. Raises InvalidInput."""
    parts = urlsplit(value if "://" in value else f"smtp://{value}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("lmtp", "smtp") or not parts.hostname or port is None or parts.path.strip("/"):
        raise InvalidInput("KB_MAIL_LISTEN looks like lmtp://127.0.0.1:2003 or smtp://127.0.0.1:2525.")
    return ListenAddress(parts.hostname, port, parts.scheme == "lmtp")


class _Handler:
    """What the protocol asks of us. Everything that may take long runs in a thread of the pool."""

    def __init__(self, take: Take, pool: ThreadPoolExecutor, is_lmtp: bool) -> None:
        self._take, self._pool, self._is_lmtp = take, pool, is_lmtp
        self.in_hand = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        self.in_hand += 1
        try:
            said = Envelope(bare_address(envelope.mail_from or ""), tuple(envelope.rcpt_tos[:100]))
            answer = await asyncio.get_running_loop().run_in_executor(self._pool, self._answer, envelope.content, said)
        finally:
            self.in_hand -= 1
        return "\r\n".join([answer] * len(envelope.rcpt_tos)) if self._is_lmtp else answer

    def _answer(self, content: bytes, envelope: Envelope) -> str:
        try:
            self._take(content, envelope)
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail is not ours yet: its server keeps it
            log(Event.MAIL_REFUSED, "error", error=type(error).__name__)
            return TRY_AGAIN
        return ACCEPTED

    async def handle_exception(self, error: Exception) -> str:
        log(Event.MAIL_REFUSED, "error", error=type(error).__name__)
        return TRY_AGAIN


class _Smtp(SMTP):
    line_length_limit = MAX_LINE


class _Lmtp(LMTP):
    line_length_limit = MAX_LINE


class MailListener:
    """A thread with a loop of its own that listens. ``port``: where, once it does."""

    def __init__(self, take: Take, address: ListenAddress | None, max_bytes: int) -> None:
        self._take, self._address, self._max_bytes = take, address, max_bytes
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()
        self.error: OSError | None = None
        self.port = 0

    def start(self, must_listen: bool = False) -> None:
        """Listen in the background. ``must_listen``: raise when the address cannot be had at once."""
        if self._address is None or self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name="kb-mail", daemon=True)
        self._thread.start()
        self._started.wait(10)
        if must_listen and self.error is not None:
            error = self.error
            self.stop()
            raise InvalidInput(
                f"Cannot listen at {self._address.host}:{self._address.port}: {error.strerror or error}."
            )

    def stop(self) -> None:
        """Take nothing new, finish what is in hand, and end."""
        thread, self._thread = self._thread, None
        if thread is None or self._loop is None or self._stopping is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._stopping.set)
        thread.join(GRACE_SECONDS + 10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        assert self._address is not None
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="kb-mail") as pool:
            handler = _Handler(self._take, pool, self._address.is_lmtp)
            server = await self._bound(handler)
            if server is None:
                return
            await self._stopping.wait()
            server.close()
            await self._finish(handler)

    async def _bound(self, handler: _Handler) -> asyncio.Server | None:
        """The listening server; where another process has the address, as soon as that one is gone."""
        assert self._address is not None and self._stopping is not None and self._loop is not None
        while not self._stopping.is_set():
            try:
                server = await self._loop.create_server(
                    lambda: self._protocol(handler), self._address.host, self._address.port
                )
            except OSError as error:
                self._note(error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), RETRY_SECONDS)
                continue
            self.error, self.port = None, server.sockets[0].getsockname()[1]
            log(Event.MAIL_LISTENING, port=self.port, protocol="lmtp" if self._address.is_lmtp else "smtp")
            self._started.set()
            return server
        return None

    def _note(self, error: OSError) -> None:
        if self.error is None and error.errno not in _TAKEN:
            log(Event.MAIL_LISTEN_FAILED, "error", error=str(error))
        self.error = error
        self._started.set()

    def _protocol(self, handler: _Handler) -> SMTP:
        made = _Lmtp if self._address is not None and self._address.is_lmtp else _Smtp
        return made(
            handler,
            data_size_limit=self._max_bytes,
            enable_SMTPUTF8=True,
            hostname=socket.gethostname(),
            ident="kb",
            timeout=IDLE_SECONDS,
            loop=self._loop,
        )

    async def _finish(self, handler: _Handler) -> None:
        deadline = asyncio.get_running_loop().time() + GRACE_SECONDS
        while handler.in_hand and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)  # the answers leave
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def make_listener(database: Database, settings: Settings, address: ListenAddress | None) -> MailListener:
    """A listener that puts mail into the database."""
    site = site_of(settings)

    def take(content: bytes, envelope: Envelope) -> Received:
        return receive_raw(database, site, content, envelope)

    return MailListener(take, address, settings.mail_max_mb * 1024 * 1024)


def listen_for(parts: Any) -> MailListener:
    """The listener of a process, started where KB_MAIL_LISTEN says where; without it, one that does nothing."""
    listen = parts.settings.mail_listen
    listener = make_listener(parts.database, parts.settings, parse_listen(listen) if listen else None)
    listener.start()
    return listener
