"""Server-sent events (HTML Living Standard, 9.2): written by the service, read by its clients."""

from dataclasses import dataclass

EVENT_STREAM = "text/event-stream"
LAST_EVENT_ID = "Last-Event-ID"
COMMENT = b": still here\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSentEvent:
    """One event; `data` has no line breaks.

    Law: its lines, fed to an `EventReader`, give it back.
    """

    id: str
    event: str
    data: str

    def to_bytes(self) -> bytes:
        r"""The event as it is sent.

        Example:
            >>> ServerSentEvent(id="7", event="answered", data="{}").to_bytes()
            b'id: 7\nevent: answered\ndata: {}\n\n'
        """
        return f"id: {self.id}\nevent: {self.event}\ndata: {self.data}\n\n".encode()


class EventReader:
    """Puts the lines of a stream together; an event that breaks off is dropped, and comments are skipped."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def feed(self, line: str) -> ServerSentEvent | None:
        """The event that this line ends, if it ends one."""
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if "data" not in fields:
            return None
        return ServerSentEvent(id=fields.get("id", ""), event=fields.get("event", ""), data=fields["data"])
