"""Database: base, sessions, the outbox (change feed) and periodic jobs."""
