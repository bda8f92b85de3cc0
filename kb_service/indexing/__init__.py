"""The index's feeder inside the service: claims, drains, builds generations, takes over the writer lock, tells
its state.
"""

from kb_service.indexing.feed import IndexFeed
from kb_service.indexing.requests import Progress, read_progress, request_reindex, request_rollback
from kb_service.indexing.status import FeedStatus, feed_status

__all__ = ["FeedStatus", "IndexFeed", "Progress", "feed_status", "read_progress", "request_reindex", "request_rollback"]
