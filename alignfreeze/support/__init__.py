"""What cannot change a number: errors, logs, atomic writes, checksums, devices, run records, import graph."""
