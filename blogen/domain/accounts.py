"""What people send about their accounts: requests that form, JSON and command line validate alike."""
