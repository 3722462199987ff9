"""One module per verb of the `ringfence` command."""
