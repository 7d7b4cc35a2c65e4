"""What every objective does for accuracy and for the signature, measured on small data."""
