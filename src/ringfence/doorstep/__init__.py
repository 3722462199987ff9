"""The program before the kernel's network stack that drops banned sources, and how it gets there (docs/adr/0074)."""
