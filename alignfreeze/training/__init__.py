"""The training loop, fine-tuning and their step counts."""
