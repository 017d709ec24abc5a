package zendesk

import (
	"fmt"
	"net/http"
)

// MaxPageSize is how many records a page holds at most, and by default.
const MaxPageSize = 100

// MaxOffsetRecords is how deep offset pagination reaches; cursors have no limit.
const MaxOffsetRecords = 10_000

// PageMeta is the "meta" of a page reached by cursor.
type PageMeta struct {
	HasMore      bool    `json:"has_more"`
	AfterCursor  *string `json:"after_cursor"` // null: the page is empty
	BeforeCursor *string `json:"before_cursor"`
}

// PageLinks are the "links" of a page reached by cursor; null where there is
// nothing more that way.
type PageLinks struct {
	Prev *string `json:"prev"`
	Next *string `json:"next"`
}

// InvalidPaginationDepth is for an offset beyond MaxOffsetRecords, in the words
// that Zendesk was seen to use. It has the form of JSON:API, as all refusals of
// a page have; the other errors of the API have others.
var InvalidPaginationDepth = Refusal{status: http.StatusBadRequest, body: `{"errors":[{"code":"InvalidPaginationDepth",` +
	`"title":"Pagination requests using Offset Pagination are limited to page 100 or up to 10000 records (page * per_page)",` +
	`"detail":"There are limits to the page depth in Offset Pagination. Offset Pagination will be deprecated fully in the near future.\n` +
	`Please switch to Cursor Pagination at the earliest. Cursor Pagination does not have any limits.\n` +
	`See https://developer.zendesk.com/documentation/api-basics/pagination/comparing-cursor-pagination-and-offset-pagination\n"}]}`}

// InvalidPaginationParameter is for a value of page[size], page[after],
// page[before] or sort that cannot be: "page[after] is not valid" is documented,
// and "sort is not valid" was seen.
func InvalidPaginationParameter(name string) Refusal {
	type one struct {
		Code  string `json:"code"`
		Title string `json:"title"`
	}
	return Refusal{status: http.StatusBadRequest, body: marshal(struct {
		Errors []one `json:"errors"`
	}{[]one{{"InvalidPaginationParameter", name + " is not valid"}}})}
}

// InvalidAttribute is for a parameter of another type than its endpoint takes,
// in words that were seen of many of them: "must be an integer", "must be a
// hash". The action names the endpoint: "api/v2/oauth/tokens/index".
func InvalidAttribute(name, must, action string) Refusal {
	return Refusal{status: http.StatusBadRequest, body: marshal(struct {
		Error struct {
			Title   string `json:"title"`
			Message string `json:"message"`
		} `json:"error"`
	}{struct {
		Title   string `json:"title"`
		Message string `json:"message"`
	}{"Invalid attribute", fmt.Sprintf("You passed an invalid value for the %s attribute. Invalid parameter: %s %s from %s", name, name, must, action)}})}
}

// The refusals of a body that cannot be read. What Zendesk says of them has not
// been recorded; these words are our own.
var (
	UnreadableBody = Refusal{status: http.StatusUnprocessableEntity, body: `{"error":"Unprocessable Entity","message":"Server could not parse JSON"}`}
	BodyTooLarge   = Refusal{status: http.StatusRequestEntityTooLarge, body: `{"error":"RequestEntityTooLarge","description":"The request body is too large"}`}
)

// TooManyValues is for a list in the query that is too long. That it names no
// parameter is how it was seen.
func TooManyValues(most int) Refusal {
	return Refusal{status: http.StatusBadRequest, body: marshal(struct {
		Error       string `json:"error"`
		Description string `json:"description"`
		MaxCount    int    `json:"max_count"`
	}{"TooManyValues", fmt.Sprintf("Parameter  cannot specify more than %d values", most), most})}
}

// CountEnvelope is the body that says how many records there are.
type CountEnvelope struct {
	Count Count `json:"count"`
}

// Count is how many records there are.
type Count struct {
	Value       int   `json:"value"`
	RefreshedAt *Time `json:"refreshed_at"` // when they were counted
}
