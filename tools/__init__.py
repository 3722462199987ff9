"""Tools for those who work on Ringfence; the product does not need them."""
