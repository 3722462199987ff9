"""The policy store: one LMDB file, written by the portal's compiler alone, memory-mapped by every worker and the
guard.
"""
