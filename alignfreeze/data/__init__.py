"""Readers and writers of the field's formats, and their types."""
