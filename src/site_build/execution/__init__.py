"""Executes the examples: which ones and when, in processes that keep out of each other's way."""
