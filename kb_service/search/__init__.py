"""THE path of a question: understand, retrieve, fuse, rank, check, present, log."""
