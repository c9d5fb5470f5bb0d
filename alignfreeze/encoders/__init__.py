"""Hugging Face encoders: loading, freezing, reading a layer, trimmed vocabulary, subwords, prediction, retrieval."""
