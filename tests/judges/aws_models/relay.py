"""The connection between program and endpoint: bytes pass as they are, and requests are read along."""

import asyncio

from .request import Request

READ_BYTES = 256 * 1024
HEAD_END = b"\r\n\r\n"


class Tap:
    """Cuts the bytes of one connection into requests (HTTP/1.1)."""

    def __init__(self):
        self._buffer = bytearray()
        self._head = None
        self._body = bytearray()
        self._left = 0

    def feed(self, data):
        """Takes bytes and returns the requests that they complete."""
        self._buffer += data
        requests = []
        while self._read_head() and self._read_body():
            method, target, headers = self._head
            requests.append(Request(method, target, headers, bytes(self._body)))
            self._head, self._body = None, bytearray()
        return requests

    def _read_head(self):
        if self._head is not None:
            return True
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return False
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + len(HEAD_END)]
        method, target, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self._left = None if is_chunked else int(headers.get("content-length", 0))
        self._head = (method, target, headers)
        return True

    def _read_body(self):
        if self._left is None:
            return self._read_chunks()
        taken = self._buffer[: self._left]
        del self._buffer[: len(taken)]
        self._body += taken
        self._left -= len(taken)
        return self._left == 0

    def _read_chunks(self):
        while (line_end := self._buffer.find(b"\r\n")) >= 0:
            size = int(self._buffer[:line_end].split(b";")[0], 16)
            start = line_end + 2
            if size == 0:
                return self._read_trailers(start)
            if len(self._buffer) < start + size + 2:
                return False
            self._body += self._buffer[start : start + size]
            del self._buffer[: start + size + 2]
        return False

    def _read_trailers(self, start):
        # The last chunk is followed by an empty line, or by trailers and an empty line.
        end = self._buffer.find(HEAD_END, start - 2)
        if end < 0:
            return False
        del self._buffer[: end + len(HEAD_END)]
        return True


class Relay:
    """Listens on loopback and opens a connection to the endpoint for each that comes in."""

    def __init__(self, host, port, on_request):
        self.host, self.port, self.on_request = host, port, on_request
        self._server = None
        self._connections = set()

    async def listen(self, port):
        """Begins to listen and returns the port."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", port)
        return self._server.sockets[0].getsockname()[1]

    async def close(self):
        """Ends every connection."""
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connect(self, client_reader, client_writer):
        connection = asyncio.current_task()
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError:
            client_writer.close()
            return
        tap = Tap()

        def read_along(data):
            for request in tap.feed(data):
                self.on_request(request)

        await asyncio.gather(
            self._pump(client_reader, writer, read_along, is_last=False),
            self._pump(reader, client_writer, lambda data: None, is_last=True),
        )
        writer.close()

    @staticmethod
    async def _pump(reader, writer, look, is_last):
        """Hands on bytes until there are no more. After the last answer the connection is closed as a whole."""
        try:
            while data := await reader.read(READ_BYTES):
                writer.write(data)
                look(data)
                await writer.drain()
            if not is_last:
                writer.write_eof()
        except OSError:
            is_last = True
        finally:
            if is_last:
                writer.close()
