"""Measures of how customers are served, per team and topic: each with its definition and the cases behind it."""
