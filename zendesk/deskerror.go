package zendesk

import "net/http"

// The refusals of the helpdesk.
var (
	// UpdateConflict is for a safe_update of a ticket that changed meanwhile.
	UpdateConflict = Refusal{
		status: http.StatusConflict,
		body:   `{"error":"UpdateConflict","description":"Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again."}`,
	}
	// DatabaseConflict is for a change that met too many others.
	DatabaseConflict = Refusal{status: http.StatusConflict, body: `{"error":"DatabaseConflict","description":"Database collision"}`}
	// TooManyJobs is for a job beyond those that an account may have to do at once.
	TooManyJobs = Refusal{
		status: http.StatusTooManyRequests,
		body:   `{"error":"TooManyJobs","description":"Too many jobs are currently queued or running. Try again later."}`,
	}
	// AttachmentTooLarge is for a file beyond 50 MB. What Zendesk says then has not
	// been recorded; these words are our own.
	AttachmentTooLarge = Refusal{
		status: http.StatusRequestEntityTooLarge,
		body:   `{"error":"AttachmentTooLarge","description":"The file is larger than 50 MB"}`,
	}
)
