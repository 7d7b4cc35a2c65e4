"""A dishonest accuser at work: what grinding and crafted packs reach when the nonce is known, and when it is not."""
