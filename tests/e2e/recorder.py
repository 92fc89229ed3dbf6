"""Stands between a client and a port, and keeps what the client wrote, piece by piece."""

import contextlib
import socket
import threading

SECONDS = 60


class Recorder:
    """Passes connections to its `port` on to `target`; `pieces` is what each read from a client
    gave. What a client writes at once comes as one piece, on loopback and if it is small."""

    def __init__(self, target):
        self.target = target
        self.pieces = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._sockets = []

    def __enter__(self):
        self._threads[0].start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for each in self._sockets:
            each.close()

    def _accept(self):
        with contextlib.suppress(OSError):  # of the end
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.target), SECONDS)
                client.settimeout(SECONDS)
                self._sockets += [client, server]
                for source, sink, kept in ((client, server, self.pieces), (server, client, [])):
                    thread = threading.Thread(target=self._pass_on, args=(source, sink, kept))
                    self._threads.append(thread)
                    thread.start()

    def _pass_on(self, source, sink, kept):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                kept.append(piece)
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
