"""The use cases of mirroring, intake and outbound; knows a calendar only through `domain.target`."""
