"""What the API shows of comments, notifications, reports and moderation; see `views`."""
