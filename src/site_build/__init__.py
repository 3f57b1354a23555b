"""The few lines that make mkdocs publish what the examples just made, and nothing else."""
