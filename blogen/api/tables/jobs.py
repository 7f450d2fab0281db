"""`/jobs` and `/costs`: ordering posts, and what they cost."""

from http import HTTPStatus

from blogen.api.route import Route
from blogen.domain.person import Scope

ROUTES: tuple[Route, ...] = (
    Route(
        "POST", "/jobs", "jobs.submit", "Order a post", Scope.AUTHOR,
        takes="JobRequest", gives="JobView", status=HTTPStatus.ACCEPTED, needs_body=True,
        creates=True, keeps_key_itself=True,
    ),
    Route("GET", "/jobs", "jobs.list_jobs", "Jobs, the newest first", Scope.AUTHOR, asks="JobsQuery", gives="JobList"),
    Route("GET", "/jobs/{id}", "jobs.show", "A job", Scope.AUTHOR, gives="JobView"),
    Route("GET", "/jobs/{id}/steps", "jobs.steps", "What was done for a job", Scope.AUTHOR, gives="StepList"),
    Route(
        "GET", "/jobs/{id}/timeline", "jobs.timeline", "All that happened to a job, the oldest first", Scope.AUTHOR,
        asks="TimelineQuery", gives="TimelineList",
    ),
    Route(
        "GET", "/jobs/{id}/events", "jobs.events", "The timeline as it happens", Scope.AUTHOR,
        gives="TimelineView", streams=True,
    ),
    Route("POST", "/jobs/{id}/cancel", "jobs.cancel", "Stop a job for good", Scope.AUTHOR, gives="JobView"),
    Route(
        "POST", "/jobs/{id}/retry", "jobs.retry", "Take a failed job up again", Scope.AUTHOR,
        takes="RetryRequest", gives="JobView",
    ),
    Route("POST", "/jobs/{id}/pause", "jobs.pause", "Let a job rest", Scope.AUTHOR, gives="JobView"),
    Route("POST", "/jobs/{id}/resume", "jobs.resume", "End a pause", Scope.AUTHOR, gives="JobView"),
    Route(
        "POST", "/jobs/{id}/approve", "jobs.approve", "Say yes to what waits for review", Scope.AUTHOR,
        takes="Decision", gives="JobView", creates=True,
    ),
    Route(
        "POST", "/jobs/{id}/reject", "jobs.reject", "Say no to what waits for review", Scope.AUTHOR,
        takes="Decision", gives="JobView", creates=True,
    ),
    Route(
        "GET", "/jobs/{id}/draft", "jobs.draft", "The post as it stands before it is published", Scope.AUTHOR,
        gives="DraftView", is_tagged=True,
    ),
    Route(
        "POST", "/jobs/{id}/revise", "jobs.revise", "Send back what waits for review", Scope.AUTHOR, takes="Revision",
        gives="JobView", status=HTTPStatus.ACCEPTED, needs_body=True, creates=True,
    ),
    Route(
        "GET", "/costs", "costs.show", "What calls cost, and how much of the caps is used", Scope.ADMIN,
        asks="CostsQuery", gives="CostsView",
    ),
    Route(
        "GET", "/costs/estimate", "costs.estimate", "What the next post will probably cost", Scope.AUTHOR,
        asks="EstimateQuery", gives="EstimateView",
    ),
)  # fmt: skip
