"""Products, releases, operating systems, topics, and the pure question: does it apply?"""
