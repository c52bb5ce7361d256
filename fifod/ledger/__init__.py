"""The ledger: an append-only hash chain of records, the one source of truth.

A line is two JSON objects with a tab between them: head, tab, body, newline. The head is open to all and holds the
SHA-256 of the body's bytes and of the previous head's bytes; the body is private. Hashes are over bytes as they
stand: nothing is ever encoded again.
"""
