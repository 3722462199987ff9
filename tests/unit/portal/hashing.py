"""Argon2 takes 50 ms on purpose; tests sign in hundreds of times."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickHasher(Argon2PasswordHasher):
    """The real hasher with the smallest cost."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
