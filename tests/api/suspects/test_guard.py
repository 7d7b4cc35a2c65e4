"""Which addresses may be called: public ones, and networks that the operator allows."""

import ipaddress

import pytest

from api.suspects.errors import AddressRefused
from api.suspects.guard import Guard


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_no_private_address_is_called(address):
    """Loopback, private, link-local, shared, multicast and reserved ones, and IPv4 hidden in IPv6."""
    with pytest.raises(AddressRefused, match="--allow-network"):
        Guard().check(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses_may_be_called(address):
    """Whatever their form."""
    assert Guard().check(address) == ipaddress.ip_address(address)


def test_only_the_network_that_is_allowed_is_allowed():
    """Allowing one private network opens no other."""
    guard = Guard(allowed=(ipaddress.ip_network("10.0.0.0/8"),))
    assert str(guard.check("10.1.2.3")) == "10.1.2.3"
    assert str(guard.check("::ffff:10.1.2.3")) == "::ffff:a01:203"
    with pytest.raises(AddressRefused):
        guard.check("127.0.0.1")
