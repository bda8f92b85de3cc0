"""From an exception to the one line that the command line shows."""

from __future__ import annotations

from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, OperationalError

from indexers.embedding.port import EncoderUnavailable
from indexers.engine import EngineUnavailable
from kb_service.errors import KbError
from kb_service.settings import Settings


def explain(exc: Exception) -> str | None:
    """One line for an error that a person can do something about; None for a defect of ours."""
    if isinstance(exc, ValidationError):
        return _explain_settings(exc)
    if isinstance(exc, KbError | EngineUnavailable | EncoderUnavailable):
        return " ".join(str(exc).split())
    if isinstance(exc, OperationalError):
        cause = str(exc.orig).strip().splitlines()[0]
        return f"the database cannot be used: {cause}. Check KB_DATABASE_URL, then `kb doctor`."
    if isinstance(exc, ArgumentError):
        return "KB_DATABASE_URL is no database address. Use sqlite:///path or postgresql+psycopg://user@host/name."
    if isinstance(exc, OSError):
        return f"{exc.strerror or exc}: {exc.filename or ''}. Check the path and its permissions.".replace(": .", ".")
    return None


def _explain_settings(exc: ValidationError) -> str:
    prefix = "KB_" if exc.title == Settings.__name__ else ""
    parts = []
    for error in exc.errors():
        name = ".".join(str(part) for part in error["loc"])
        message = error["msg"].removeprefix("Value error, ")
        parts.append(f"{(prefix + name.upper()) if prefix else name}: {message}" if name else message)
    return "; ".join(parts) + ". Correct this and try again."
