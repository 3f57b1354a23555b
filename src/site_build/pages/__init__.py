"""The pages: their order, their contents, and what surrounds the text of each."""
