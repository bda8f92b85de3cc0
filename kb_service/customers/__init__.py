"""Customers: people and organisations, how they reach us, and what they own."""
