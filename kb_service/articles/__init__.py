"""Articles: lifecycle, immutable revisions, families, renderings, and the change source."""
