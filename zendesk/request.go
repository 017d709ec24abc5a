package zendesk

// Request is a ticket as its requester sees it, in the Requests API.
type Request struct {
	URL              string        `json:"url"`
	ID               int64         `json:"id"` // the ticket's
	Status           string        `json:"status"`
	Priority         *string       `json:"priority"`
	Type             *string       `json:"type"`
	Subject          *string       `json:"subject"`
	Description      string        `json:"description"` // the first comment
	OrganizationID   *int64        `json:"organization_id"`
	Via              Via           `json:"via"`
	CustomFields     []CustomField `json:"custom_fields"`
	RequesterID      int64         `json:"requester_id"`
	CollaboratorIDs  []int64       `json:"collaborator_ids"`
	EmailCCIDs       []int64       `json:"email_cc_ids"`
	IsPublic         bool          `json:"is_public"`
	DueAt            *Time         `json:"due_at"`
	CanBeSolvedByMe  bool          `json:"can_be_solved_by_me"`
	CreatedAt        *Time         `json:"created_at"`
	UpdatedAt        *Time         `json:"updated_at"`
	Recipient        *string       `json:"recipient"`
	FollowupSourceID *int64        `json:"followup_source_id"`
	AssigneeID       *int64        `json:"assignee_id"`
	TicketFormID     *int64        `json:"ticket_form_id"`
	CustomStatusID   *int64        `json:"custom_status_id"`
	Fields           []CustomField `json:"fields"`
}

// RequestEnvelope is the body that holds one request.
type RequestEnvelope struct {
	Request Request `json:"request"`
}
