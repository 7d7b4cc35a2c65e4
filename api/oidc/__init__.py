"""Bearer tokens of an identity provider (OpenID Connect), where the operator names one; needs the extra `oidc`."""
