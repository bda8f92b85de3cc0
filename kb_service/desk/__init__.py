"""The agent's desk: views with counts, what is put off, who is there and replying, one search, what happens live."""
