"""What Blogen is about, as types without I/O."""
