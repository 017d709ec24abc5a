package apihttp

import (
	"strconv"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// User is how a user looks in the API; base is the account's root as the client
// sees it.
func User(base string, u issuer.User) zendesk.User {
	id := int64(u.ID)
	url := base + "/api/v2/users/" + strconv.FormatInt(id, 10) + ".json"
	locale, zone := "en-US", "UTC"
	return zendesk.User{
		ID: &id, URL: &url, Name: u.Name, Email: &u.Email, Role: string(u.Role),
		CreatedAt: zendesk.TimeOf(u.Created), UpdatedAt: zendesk.TimeOf(u.Updated),
		Locale: &locale, TimeZone: &zone, IANATimeZone: &zone,
		Active: true, Verified: true, Suspended: u.Suspended, Tags: []string{}, UserFields: map[string]any{},
	}
}
