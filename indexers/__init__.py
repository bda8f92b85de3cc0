"""The retrieval engine and its feeder: knows articles as documents; no SQL, no HTTP."""
