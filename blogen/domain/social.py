"""What people do with posts: requests that form, JSON and command line validate alike."""
