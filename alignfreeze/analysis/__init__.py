"""Tables, figures and statistics: pure functions from the long table of scores. Imports no PyTorch."""
