"""A port that nobody has a reason to connect to, and who does.

Serves COR-NET-01 and ASR-SAF-01.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

__all__ = ["listener"]

#: How long a connection that was begun may take to be seen.
SETTLING_SECONDS = 0.1


@contextlib.contextmanager
def listener() -> Iterator[tuple[int, list[str]]]:
    """Listen on a port of this machine and note who connects; yield the port and the notes."""
    visits: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, address = server.accept()
                    visits.append(str(address))
                    connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1], visits
            time.sleep(SETTLING_SECONDS)
        finally:
            stop.set()
            thread.join()
