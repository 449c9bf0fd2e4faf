"""Where a request comes from, as far as it can be believed."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from fastapi import Request

from app.settings import is_loopback


def find_address(request: Request, trusted_proxies: int) -> str:
    """The sender's address, of IPv6 its /64 network; "" when it is unknown and so can't be held against anybody.

    Only what our own proxies have added to `X-Forwarded-For` is believed; the rest is anybody's to write.
    """
    peer = request.client.host if request.client else ""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    if 0 < trusted_proxies <= len(forwarded):
        return _network(forwarded[-trusted_proxies].strip())
    return "" if is_loopback(peer) else _network(peer)  # from this machine, also through a proxy that wasn't named


def _network(text: str) -> str:
    """Whoever has one IPv6 address has all of its /64."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Network((int(address), 64), strict=False))
