"""Which files a run is about: discovery, what git and the revision graph select, the lock file, env.py."""
