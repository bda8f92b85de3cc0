"""The service: everything that knows a database row or an HTTP request."""
