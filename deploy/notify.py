"""The receiving end of NOTIFY_SOCKET, by which a daemon says that it is ready, as it would to systemd."""

import secrets
import socket
import struct
from collections.abc import Iterator

CREDENTIALS = struct.Struct("3i")


class NotifySocket:
    """A datagram socket in the abstract name space: no path, so none too long for AF_UNIX, and nothing left behind."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        name = f"fifod-trial-{secrets.token_hex(8)}"
        self._socket.bind(f"\0{name}")
        self.address = f"@{name}"

    def fileno(self) -> int:
        """The descriptor, for a selector."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()

    def messages(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Everything that has come: who sent it, by the kernel's word, and what."""
        while True:
            try:
                data, extra, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
            except BlockingIOError:
                return
            lines = [line.partition("=") for line in data.decode("utf-8", "replace").splitlines()]
            for level, kind, credentials in extra:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    yield CREDENTIALS.unpack(credentials)[0], {name: value for name, _, value in lines}
