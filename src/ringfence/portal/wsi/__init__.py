"""The WebSocket Interface: events for programs, on port 8885."""
