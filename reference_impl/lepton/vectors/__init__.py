"""Golden vectors: reading, comparing, replaying, and the negative controls that prove they discriminate."""
