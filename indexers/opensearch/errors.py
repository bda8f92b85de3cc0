"""Every failure of the cluster in the engine's own terms: the one place that knows the client's exceptions.

Invariants: each class of ``opensearchpy.exceptions`` has a line here (a test finds new ones); all are EngineUnavailable,
so that callers need to know nothing else; only ``RETRYABLE`` ones are worth another attempt.
"""

from __future__ import annotations

from typing import Any

from opensearchpy import exceptions as client

from indexers.engine import EngineUnavailable


class ClusterUnreachable(EngineUnavailable):
    """No node answered, or not in time."""


class ClusterOverloaded(EngineUnavailable):
    """The cluster asks to be asked later."""


class ClusterRefused(EngineUnavailable):
    """Certificate, user or password, or the user's rights, are wrong."""


class NotInCluster(EngineUnavailable):
    """The index, document or point in time is not there."""


class WriteConflict(EngineUnavailable):
    """Somebody else wrote first."""


class RequestRejected(EngineUnavailable):
    """The cluster does not take this request as it is."""


RETRYABLE = (ClusterUnreachable, ClusterOverloaded)

MAPPED: dict[type[Exception], type[EngineUnavailable]] = {
    client.SSLError: ClusterRefused,
    client.ConnectionTimeout: ClusterUnreachable,
    client.ConnectionError: ClusterUnreachable,
    client.NotFoundError: NotInCluster,
    client.ConflictError: WriteConflict,
    client.RequestError: RequestRejected,
    client.AuthenticationException: ClusterRefused,
    client.AuthorizationException: ClusterRefused,
    client.TransportError: RequestRejected,
    client.SerializationError: RequestRejected,
    client.ImproperlyConfigured: ClusterRefused,
    client.ValidationException: RequestRejected,
    client.IllegalOperation: RequestRejected,
    client.UnknownDslObject: RequestRejected,
    client.OpenSearchDslException: RequestRejected,
    client.OpenSearchException: ClusterUnreachable,
}
_BY_STATUS: dict[int, type[EngineUnavailable]] = {
    401: ClusterRefused, 403: ClusterRefused, 404: NotInCluster, 408: ClusterUnreachable, 409: WriteConflict,
    429: ClusterOverloaded, 500: ClusterOverloaded, 502: ClusterUnreachable, 503: ClusterOverloaded,
    504: ClusterUnreachable,
}  # fmt: skip
_ADVICE: dict[type[EngineUnavailable], str] = {
    ClusterUnreachable: "OpenSearch does not answer; look at KB_OPENSEARCH_URL and at the cluster",
    ClusterOverloaded: "OpenSearch cannot take more now; it is tried again",
    ClusterRefused: "OpenSearch refuses us; look at KB_OPENSEARCH_USER, KB_OPENSEARCH_PASSWORD and KB_OPENSEARCH_CA",
    NotInCluster: "OpenSearch has no such index; start the indexing worker, which makes it",
    WriteConflict: "OpenSearch holds something newer",
    RequestRejected: "OpenSearch rejects the request",
}


def by_status(status: int, detail: str) -> EngineUnavailable:
    """The error of an answer with this HTTP status."""
    return _make(_BY_STATUS.get(status, RequestRejected), detail)


def translate(error: Exception) -> EngineUnavailable:
    """The engine's own error for one of the client's."""
    status = getattr(error, "status_code", None) if isinstance(error, client.TransportError) else None
    if isinstance(status, int) and status in _BY_STATUS:
        return by_status(status, _detail(error))
    kind = next(MAPPED[base] for base in type(error).__mro__ if base in MAPPED)
    return _make(kind, _detail(error))


def _make(kind: type[EngineUnavailable], detail: str) -> EngineUnavailable:
    return kind(f"{_ADVICE[kind]} ({detail[:300]})")


def _detail(error: Exception) -> str:
    info: Any = getattr(error, "info", None) if isinstance(error, client.TransportError) else None
    cause = info.get("error") if isinstance(info, dict) else None
    if isinstance(cause, dict):
        return f"{cause.get('type')}: {cause.get('reason')}"
    return type(error).__name__ if isinstance(error, client.TransportError) else f"{type(error).__name__}: {error}"
