"""The classic bridge: the protocol of the C exercise that fifod grew out of: two FIFOs, two structs and SIGUSR1."""
