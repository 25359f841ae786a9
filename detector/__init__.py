"""The detector: where on a page the formulas stand, displayed ones (isolated) and those in prose (inline)."""
