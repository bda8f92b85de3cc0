"""Bookmarks: sets of articles that people keep, share, subscribe to and copy; what they say to search."""
