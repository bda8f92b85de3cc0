"""How good and how fast the search is: datasets, runs, measures, reports."""
