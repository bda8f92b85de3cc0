"""Pages: portal and admin, rendered on the server."""
