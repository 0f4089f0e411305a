"""
OpenDSR (once OpenGDPR): the open protocol that several customer data platforms speak.

Specification: https://github.com/opengdpr/OpenDSR, version 2.0 (November 2019, its
last), read 2026-11.  `dialects` has as data what each vendor does otherwise,
`signatures` verifies what a processor signs, `connector` is the protocol itself.
"""

from connectors.opendsr.connector import OpenDsr

__all__ = ["OpenDsr"]
