"""An AWS account on the wire, for tests: moto where moto is right, our own where it is not."""
