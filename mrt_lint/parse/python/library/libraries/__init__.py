"""What the operations of libraries do, one library a file; `registry.py` beside this folder gathers them."""
