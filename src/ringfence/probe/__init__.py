"""What somebody outside sees of a deployment: open ports, banners, TLS, whether accounts can be enumerated. Small
code of its own, bounded in count and rate, that sends nothing which could harm its target.
"""
