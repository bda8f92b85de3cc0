"""All configuration, read from the environment once.

One frozen object, passed in; nothing else in the project reads the environment. Every field's
variable is its name in capitals with the prefix ``KB_``.
"""

from __future__ import annotations

import os
import shutil
from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of a service, a worker or a command. Units stand in the names."""

    model_config = SettingsConfigDict(env_prefix="KB_", frozen=True, extra="ignore")

    data_dir: Path = Path("var")
    """Where the embedded database, the index and the exported encoder live."""
    port: int = Field(default=8080, ge=0, le=65535)
    host: str = "127.0.0.1"
    database_url: str = ""
    """A SQLAlchemy URL; empty: SQLite in ``data_dir``."""
    database_pool_size: int = Field(default=20, ge=1, le=500)
    """PostgreSQL: connections that a process keeps open; as many again in a rush."""
    database_statement_timeout_seconds: float = Field(default=30.0, ge=0)
    """PostgreSQL: a statement that takes longer is given up; 0: no limit."""
    database_lock_timeout_seconds: float = Field(default=5.0, ge=0)
    """PostgreSQL: how long one change waits for another; 0: no limit."""
    opensearch_url: str = ""
    """One node or several, comma-separated; empty: the embedded engine in ``data_dir``."""
    opensearch_user: str = ""
    opensearch_password: SecretStr = SecretStr("")
    opensearch_ca: Path | None = None
    """Certificates that the cluster's is checked against; empty: the system's."""
    opensearch_verify: bool = True
    """Off: any certificate is taken."""
    opensearch_prefix: str = Field(default="kb", pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$")
    """Begins the name of every index and alias, so that installations may share a cluster."""
    opensearch_shards: int = Field(default=1, ge=1, le=128)
    opensearch_replicas: int = Field(default=1, ge=0, le=8)
    """Of each generation, from the next one on."""
    opensearch_timeout_seconds: float = Field(default=3.0, gt=0)
    smtp_url: str = ""
    """Where mail goes out; empty: mail stays in the outbox."""
    mail_from: str = ""
    """Who mails are from (``Help <help@example.com>``); empty: KB_CONTACT_EMAIL."""
    mail_listen: str = ""
    """Where mail comes in: ``lmtp://host:port`` or ``smtp://host:port`` (``host:port``: SMTP); empty: no listener."""
    mail_max_mb: int = Field(default=25, ge=1, le=100)
    """Larger mails are refused."""
    secret_key: SecretStr = SecretStr("")
    """Signs cursors, forms and sessions; empty: one is made and kept in ``data_dir``."""
    base_url: str = ""
    """The public address (``https://help.example.com``), for canonical links; empty: as requested."""
    secure_cookies: bool = True
    """Cookies only over HTTPS (loopback addresses are exempt)."""

    encoder: str = "packaged"
    """``packaged``, ``hashing``, a directory with ``model.onnx``, or any sentence-transformers name."""
    encoder_threads: int = Field(default=1, ge=1, le=64)
    encoder_timeout_seconds: float = Field(default=1.0, gt=0)
    reranker: str = ""
    """A sentence-transformers CrossEncoder, by name or folder, that orders the best twenty anew; empty: none."""
    reranker_timeout_seconds: float = Field(default=0.5, gt=0)
    """Later than this the order stays as it was."""
    query_precision: Literal["float32", "int8"] = "float32"
    workers: int = Field(default=1, ge=1, le=64)
    """Processes of ``kb serve``."""
    run_worker: bool = True
    """``kb serve`` also drains the change feed."""
    retrieval_depth: int = Field(default=100, ge=10, le=1000)
    """Families fetched from each retriever, whatever the page."""
    answer_certainty: float = Field(default=0.35, ge=0.0, le=2.0)
    """What an unattended answer needs to be given, and not a choice: higher is rarer and surer; above 1.34: never."""
    query_log_days: int = Field(default=90, ge=0)
    vector_cache_mb: int = Field(default=2048, ge=1)
    """Size above which the file of encoded texts loses its oldest; about 1.2 MB a thousand passages."""
    gap_sessions: int = Field(default=3, ge=1, le=1000)
    """Sessions or customers that must ask in vain before a gap is shown."""
    feedback_min_votes: int = Field(default=20, ge=1)
    """Votes on a revision from which on its share of "no" may open a task."""
    review_days: dict[str, int] = Field(default_factory=dict)
    """Days from a compliance-based text's publication to its review, by type or product (``{"policy": 180, "*": 365}``)."""
    rate_limit_per_minute: int = Field(default=600, ge=0)
    """Requests a minute for each address or key; 0: no limit."""
    sign_in_limit_per_minute: int = Field(default=10, ge=0)
    trusted_proxies: str = ""
    """Comma-separated addresses whose X-Forwarded-For is believed."""
    metrics_token: SecretStr = SecretStr("")
    """Lets Prometheus read /metrics; empty: only a key of an admin does."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    site_name: str = "Help Centre"
    site_logo_url: str = ""
    site_footer: str = ""
    brand_colour: str = Field(default="#0b5cad", pattern=r"^#[0-9a-fA-F]{6}$")
    contact_email: str = ""
    contact_phone: str = ""
    contact_url: str = ""
    """Ways to reach us, shown where an answer did not help."""
    indexable: bool = True
    """Search engines may list public articles."""

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _relations(self) -> Settings:
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise ValueError("KB_BASE_URL must start with http:// or https://")
        self._check_opensearch()
        if 0 < len(self.metrics_token.get_secret_value()) < 16:
            raise ValueError("KB_METRICS_TOKEN has 16 characters or more")
        if self.smtp_url and not self.smtp_url.startswith(("smtp://", "smtps://")):
            raise ValueError("KB_SMTP_URL must start with smtp:// or smtps://")
        if self.mail_from and parseaddr(self.mail_from)[1].count("@") != 1:
            raise ValueError("KB_MAIL_FROM looks like Help <help@example.com>")
        return self

    def _check_opensearch(self) -> None:
        for url in filter(None, (part.strip() for part in self.opensearch_url.split(","))):
            if not url.startswith(("http://", "https://")):
                raise ValueError("KB_OPENSEARCH_URL must start with http:// or https://")
            if "@" in url:
                raise ValueError("KB_OPENSEARCH_URL names no user: set KB_OPENSEARCH_USER and KB_OPENSEARCH_PASSWORD")
        if bool(self.opensearch_user) != bool(self.opensearch_password.get_secret_value()):
            raise ValueError("KB_OPENSEARCH_USER and KB_OPENSEARCH_PASSWORD belong together")

    @property
    def effective_database_url(self) -> str:
        """The database's URL: the one set, else SQLite in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir / 'kb.sqlite3'}"

    @property
    def effective_mail_from(self) -> str:
        """Who mails are from."""
        return self.mail_from or self.contact_email or "support@localhost"

    @property
    def index_dir(self) -> Path:
        """The embedded engine's directory."""
        return self.data_dir / "index"


def share_metrics(directory: Path) -> None:
    """Let the processes that are started from here on count together: Prometheus' library reads this variable."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
