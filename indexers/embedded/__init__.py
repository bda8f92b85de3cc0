"""Adapter 1: in process, on local disk, no server."""
