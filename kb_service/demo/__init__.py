"""The sample company: its knowledge, its people, and how they are loaded."""
