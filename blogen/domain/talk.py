"""What people say: comments, reports, and what moderators decide."""
