"""Where in the network: what realignment and the task ask of each block, and what realignment does to each layer."""
