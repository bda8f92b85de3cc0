"""Cases: what a customer asks, in one thread, until it is answered."""
