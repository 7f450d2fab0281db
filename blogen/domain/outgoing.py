"""What goes out: subscriptions to Web Push and webhooks."""
