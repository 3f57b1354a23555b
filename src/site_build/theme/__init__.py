"""What every page gets as it is published: formulas, styles, preloads, its policy, and a mended theme."""
