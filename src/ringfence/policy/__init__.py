"""The rules of Ringfence: pure functions on immutable values, standard library only."""
