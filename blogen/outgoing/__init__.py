"""What goes out by itself: mail, webhooks, messages to phones."""
