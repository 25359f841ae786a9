"""The pipeline: pages in, document out (run time only, no torch)."""
