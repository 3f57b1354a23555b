"""The few lines that make mkdocs publish what the examples just made, and nothing else."""

# In the order of their imports: a module imports from its own room and from those before it.
ROOMS = ("files", "html", "execution", "pages", "theme")
