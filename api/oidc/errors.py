"""What can be wrong with a token of an identity provider."""

from registry.errors import AuthError


class BearerRefused(AuthError):
    """The identity provider's token is not accepted."""


class BearerExpired(BearerRefused):
    """The identity provider's token has expired."""


class IssuerUnreachable(Exception):
    """The identity provider's keys cannot be fetched."""


class OidcUnusable(Exception):
    """An identity provider is configured, and cannot be used."""
