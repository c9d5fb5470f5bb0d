"""An experiment as a whole: configuration, grid of runs, plan and cost."""
