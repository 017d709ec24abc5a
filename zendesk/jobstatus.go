package zendesk

// JobStatus tells how far a job is that is done in the background. A pointer is a
// field that may be null.
type JobStatus struct {
	ID       string       `json:"id"`
	JobType  string       `json:"job_type"`
	URL      string       `json:"url"` // where to ask again
	Total    *int64       `json:"total"`
	Progress *int64       `json:"progress"` // how many tasks are done
	Status   string       `json:"status"`   // queued, working, failed or completed
	Message  *string      `json:"message"`
	Results  *[]JobResult `json:"results"` // null: none yet
}

// JobResult is what became of one task of a job. Which members it has tells how it
// went.
type JobResult struct {
	Index   *int64 `json:"index,omitempty"` // of a new record, in the list that was sent
	ID      int64  `json:"id,omitempty"`
	Action  string `json:"action"`           // create, update or delete
	Status  string `json:"status,omitempty"` // "Updated"
	Success bool   `json:"success"`
	Error   string `json:"error,omitempty"`   // "RecordInvalid"
	Details string `json:"details,omitempty"` // in words
}

// JobStatusEnvelope is the body that holds one job.
type JobStatusEnvelope struct {
	JobStatus JobStatus `json:"job_status"`
}

// JobStatusesEnvelope is the body that holds some.
type JobStatusesEnvelope struct {
	JobStatuses []JobStatus `json:"job_statuses"`
}
