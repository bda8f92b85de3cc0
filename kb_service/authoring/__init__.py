"""Authoring: the authors' daily work, and what uses search to keep knowledge true: drafts, tasks, review, checks, gaps."""
