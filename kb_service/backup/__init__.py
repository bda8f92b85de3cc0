"""A whole installation as one file: made while it runs, checked, and brought back on either database."""
