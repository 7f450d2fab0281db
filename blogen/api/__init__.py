"""The JSON API below `/api/v1`: one file a resource, one table of routes, one shape for every error."""
