"""Version of the package; the contract's version is `CONTRACT_VERSION`."""

__version__ = "0.3.0"
