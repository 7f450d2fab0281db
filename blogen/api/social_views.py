"""What the API shows of likes, bookmarks, follows and feeds; see `views`."""
