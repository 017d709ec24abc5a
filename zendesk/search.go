package zendesk

import "net/http"

// FoundTicket is a ticket among the results of a search.
type FoundTicket struct {
	Ticket
	ResultType string `json:"result_type"` // "ticket"
}

// FoundUser is a user among the results of a search.
type FoundUser struct {
	User
	ResultType string `json:"result_type"` // "user"
}

// SearchCount is the body that says how much a search finds.
type SearchCount struct {
	Count int `json:"count"`
}

// SearchTooDeep is for a page beyond the first thousand results, in words that
// were seen.
var SearchTooDeep = Refusal{
	status: http.StatusUnprocessableEntity,
	body:   `{"error":"invalid","description":"Invalid search: Requested response size was greater than Search Response Limits"}`,
}
