"""Predictions of fine-tuned models and their scores; what is trained does not depend on them."""
