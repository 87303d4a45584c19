"""Populations: all members train at once as one stacked network."""
