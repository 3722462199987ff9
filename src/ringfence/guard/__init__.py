"""The guard: reads the journal, decides bans, keeps the ledger, drives the kernel, answers on its socket."""
