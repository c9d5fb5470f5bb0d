"""Settings of tasks, and their training items: how text and labels become batches (see `alignfreeze.kinds`)."""
