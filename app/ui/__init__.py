"""The looks that pages share."""
