"""Train a model: the loop, its memory and its state on disk, batches of training items, fine-tuning."""
