"""What calls outside cost, and the fuse that ends them."""
