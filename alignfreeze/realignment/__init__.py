"""Realignment: word pairs, batches, loss, objective."""
