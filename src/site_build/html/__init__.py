"""What stands in a page for what an example made: figures, films, players, the playground and numbers."""
