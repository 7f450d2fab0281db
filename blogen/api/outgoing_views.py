"""What the API shows of Web Push and webhooks; see `views`."""
