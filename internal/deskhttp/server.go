package deskhttp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// Server is the desk on the wire.
type Server struct {
	Desk   *desk.Desk
	Issuer *issuer.Issuer
	Hosts  apihttp.Hosts
}

// agents are the roles for whom the Tickets API is. End users
// have the Requests API (facts section 5.5).
var agents = []issuer.Role{issuer.Admin, issuer.Agent}

// Routes are the endpoints below /api/v2/.
func (s *Server) Routes() []apihttp.Route {
	var all []apihttp.Route
	for _, routes := range [][]apihttp.Route{
		s.ticketRoutes(), s.manyRoutes(), s.bulkRoutes(), s.jobRoutes(), s.tagRoutes(), s.searchRoutes(), s.requestRoutes(), s.uploadRoutes(),
		s.groupRoutes(), s.membershipRoutes(), s.fieldRoutes(),
	} {
		all = append(all, routes...)
	}
	for n := range all {
		all[n].Serve = refusing(all[n].Serve)
	}
	return all
}

type serve = func(context.Context, apihttp.Request) (apihttp.Response, error)

// refusing turns the desk's errors into Zendesk's.
func refusing(next serve) serve {
	return func(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
		response, err := next(ctx, req)
		return response, refusal(err)
	}
}

func refusal(err error) error {
	var invalid desk.Invalids
	var broken *brokenBody
	switch {
	case errors.As(err, &invalid):
		return recordInvalid(invalid)
	case errors.As(err, &broken):
		return zendesk.UnreadableBody // it broke off: nobody may be left to tell
	case errors.Is(err, desk.ErrNotFound):
		return zendesk.RecordNotFound
	case errors.Is(err, desk.ErrForbidden):
		return zendesk.Forbidden
	case errors.Is(err, desk.ErrOutdated):
		return zendesk.UpdateConflict
	case errors.Is(err, desk.ErrConflict):
		return zendesk.DatabaseConflict
	case errors.Is(err, desk.ErrTooLarge):
		return zendesk.AttachmentTooLarge
	default:
		return err
	}
}

// flaws are Zendesk's codes for what can be wrong with a field. That of a closed
// ticket was seen with and without one; without is what most recordings have.
var flaws = map[desk.Flaw]string{desk.Blank: zendesk.BlankValue, desk.NotAllowed: zendesk.InvalidValue, desk.Taken: zendesk.DuplicateValue}

// recordInvalid says what is wrong with each field: "Priority: is not a valid
// priority". What concerns the whole record says itself what it is about.
func recordInvalid(all desk.Invalids) zendesk.RecordInvalid {
	body := zendesk.RecordInvalid{}
	for _, one := range all {
		detail := zendesk.Detail{Description: wordsOf(one), Error: flaws[one.Flaw]}
		if one.Of != 0 {
			detail.TicketFieldID, detail.TicketFieldType = int64(one.Of), fieldClass(one.Kind)
		}
		body[one.Field] = append(body[one.Field], detail)
	}
	return body
}

func wordsOf(one desk.Invalid) string {
	if one.Field == "base" {
		return one.Why
	}
	label := strings.ReplaceAll(one.Field, "_", " ")
	return strings.ToUpper(label[:1]) + label[1:] + ": " + one.Why
}

// origin is where a change comes from, as its audit tells.
func origin(req apihttp.Request) desk.Origin {
	return desk.Origin{
		Client:  strings.ToValidUTF8(req.UserAgent(), "�"),
		Address: httpd.Address(req.Context()).String(),
	}
}

func created(location string, body any) apihttp.Response {
	return apihttp.Response{Status: http.StatusCreated, Header: http.Header{"Location": {location}}, Body: body}
}

// forAnyOrigin lets pages read an answer that came in without a bearer, too, as
// Zendesk does of two endpoints (facts section 6.1).
func forAnyOrigin(response apihttp.Response) apihttp.Response {
	response.Header.Set("Access-Control-Allow-Origin", "*")
	return response
}

// page reads which part of a list is wanted. In the older way to page, lists of
// the desk are turned round by sort_order.
func page(req apihttp.Request) (apihttp.Page, error) {
	p, err := req.Page()
	if req.URL.Query().Get("sort_order") == "desc" && p.Count {
		p.Descending = true
	}
	return p, err
}
