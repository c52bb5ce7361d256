"""What the bare views answer."""

# As a draw's: posts.py checks that it is alike.
ANSWER = {
    "serialNumber": 123456,
    "hash": "0" * 64,
    "ledger": "0" * 64,
    "completionTime": "2026-11-27 20:00:00Z",
    "method": "generateIntegers",
    "params": {"n": 5, "min": 1, "max": 100, "replacement": True, "base": 10},
    "purpose": "audit sample",
    "data": [11, 22, 33, 44, 55],
    "bitsUsed": 33,
    "receipt": "/draws/123456/",
}
