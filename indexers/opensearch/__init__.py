"""The engine on an OpenSearch cluster, for those who outgrow one machine."""
