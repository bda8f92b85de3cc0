"""In and out: importers, the exporter, rejected rows."""
