"""Under which addresses and names this machine is reached; what listens there is not known here."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from pathlib import Path

_LOCAL_V4 = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL")
_TEMPORARY = 0x01
_TENTATIVE = 0x40
_GLOBAL_SCOPE = 0x00


def own_addresses(net: Path = Path("/proc/net")) -> list[str]:
    """Return the IP addresses of all interfaces that stay for a while, loopback first.

    Read from the kernel's tables; elsewhere than on Linux from the names of the machine. Temporary IPv6 addresses
    (RFC 8981) change every day, and link-local ones cannot be typed into a browser: both are left out.
    """
    found = {"127.0.0.1", "::1"}
    try:
        found.update(_LOCAL_V4.findall((net / "fib_trie").read_text("ascii", "replace")))
        found.update(_v6((net / "if_inet6").read_text("ascii", "replace")))
    except OSError:
        with contextlib.suppress(OSError):
            found.update(str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None))
    kept = [address for text in found if not (address := ipaddress.ip_address(text.partition("%")[0])).is_link_local]
    return [str(each) for each in sorted(kept, key=lambda each: (not each.is_loopback, each.version, int(each)))]


def _v6(table: str) -> list[str]:
    """Read `if_inet6`: address, device, length of the prefix, scope, flags, name (proc_net(5))."""
    found = []
    for line in table.splitlines():
        digits, _, _, scope, flags, *_ = line.split()
        if int(scope, 16) == _GLOBAL_SCOPE and not int(flags, 16) & (_TEMPORARY | _TENTATIVE):
            found.append(str(ipaddress.IPv6Address(int(digits, 16))))
    return found


def own_names() -> list[str]:
    """Return the names of this machine: as it calls itself, as multicast DNS has it, and localhost."""
    host = socket.gethostname().lower()
    short = host.partition(".")[0]
    names = dict.fromkeys(("localhost", host, short, f"{short}.local"))
    return [name for name in names if re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?", name)]


def shown_host(host: str) -> str:
    """Return what people type to reach a listener at `host`, ready for an address: of all interfaces, the main one."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        address = ipaddress.ip_address(_main_address())
    return f"[{address}]" if address.version == 6 else str(address)


def _main_address() -> str:
    """Return the address from which this machine would call others; nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation (RFC 5737)
        return str(probe.getsockname()[0])
    others = [each for each in own_addresses() if not ipaddress.ip_address(each).is_loopback]
    return others[0] if others else "127.0.0.1"
