"""Treadle's product: pages, REST interface, services and the running parts."""
