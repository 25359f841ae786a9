"""The recognizer: a crop with one formula in, LaTeX out."""
