"""What the kernel enforces: the nftables table, its sets and the netlink below them."""
