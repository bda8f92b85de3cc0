"""Authoring: what uses search to keep knowledge true: checks, duplicates, gaps, tasks, review."""
