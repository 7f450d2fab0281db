"""What the API shows of accounts, devices and what belongs to one person; see `views`."""
