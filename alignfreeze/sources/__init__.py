"""What is fetched or embedded: lock file, downloads, hub datasets, the embedded encoder."""
