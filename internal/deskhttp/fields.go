package deskhttp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// fieldRoutes: no narrower scope than the broad ones covers fields (facts section
// 5.3). Everybody may list those that they see.
func (s *Server) fieldRoutes() []apihttp.Route {
	const one = zendesk.TicketFieldsPath + "/{id}"
	read, write := []string{zendesk.Read}, []string{zendesk.Write}
	admins := []issuer.Role{issuer.Admin}
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.TicketFieldsPath, Scopes: read, Serve: s.listFields},
		{Method: http.MethodGet, Path: zendesk.TicketFieldsPath + "/count", Scopes: read, Roles: agents, Serve: s.countFields},
		{Method: http.MethodPost, Path: zendesk.TicketFieldsPath, Scopes: write, Roles: admins, Serve: s.createField},
		{Method: http.MethodGet, Path: one, Scopes: read, Roles: agents, Serve: s.showField},
		{Method: http.MethodPut, Path: one, Scopes: write, Roles: admins, Serve: s.updateField},
		{Method: http.MethodDelete, Path: one, Scopes: write, Roles: admins, Serve: s.deleteField},
	}
}

// listFields has pages by cursor, in the order of the numbers, or all fields by
// their position: by offset Zendesk has no pages of these.
func (s *Server) listFields(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	p, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	fields, err := s.Desk.Fields(ctx, req.Caller)
	if err != nil {
		return apihttp.Response{}, err
	}
	id := func(f desk.Field) int64 { return int64(f.ID) }
	found := desk.Page[desk.Field]{Items: fields, Total: len(fields)}
	if p.Count {
		p = apihttp.Whole()
	} else {
		slices.SortFunc(fields, func(a, b desk.Field) int { return cmp.Compare(a.ID, b.ID) })
		found = desk.PageOf(fields, id, desk.Range(p.Range))
	}
	return apihttp.Listed(req, p, "ticket_fields", issuer.Page[desk.Field](found), id,
		func(f desk.Field) zendesk.TicketField { return ticketField(req.Base, f) }), nil
}

func (s *Server) countFields(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	fields, err := s.Desk.Fields(ctx, req.Caller)
	return s.counted(len(fields), err)
}

func (s *Server) showField(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	return fieldAnswer(req)(s.Desk.Field(ctx, req.Caller, desk.FieldID(id)))
}

func (s *Server) createField(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	want, err := readField(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	f, err := s.Desk.AddField(ctx, req.Caller, want)
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := ticketField(req.Base, f)
	return created(shown.URL, zendesk.TicketFieldEnvelope{TicketField: shown}), nil
}

func (s *Server) updateField(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	want, err := readField(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return fieldAnswer(req)(s.Desk.ChangeField(ctx, req.Caller, desk.FieldID(id), want))
}

func (s *Server) deleteField(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.Desk.DeleteField(ctx, req.Caller, desk.FieldID(id)); err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Status: http.StatusNoContent}, nil
}

func fieldAnswer(req apihttp.Request) func(desk.Field, error) (apihttp.Response, error) {
	return func(f desk.Field, err error) (apihttp.Response, error) {
		if err != nil {
			return apihttp.Response{}, err
		}
		return apihttp.Response{Body: zendesk.TicketFieldEnvelope{TicketField: ticketField(req.Base, f)}}, nil
	}
}

// readField reads {"ticket_field":{…}}, of a new one and of a change. Clients send
// back what they got.
func readField(req apihttp.Request) (desk.FieldChange, error) {
	p, err := req.Params("ticket_field")
	if err != nil {
		return desk.FieldChange{}, err
	}
	want := desk.FieldChange{
		Title: p.Text("title"), PortalTitle: p.Text("title_in_portal"),
		Description: p.Text("description"), AgentDescription: p.Text("agent_description"), Position: p.Number("position"),
		Active: p.Bool("active"), Required: p.Bool("required"), Collapsed: p.Bool("collapsed_for_agents"),
		PortalVisible: p.Bool("visible_in_portal"), PortalEditable: p.Bool("editable_in_portal"), PortalRequired: p.Bool("required_in_portal"),
		Pattern: p.Text("regexp_for_validation"), Tag: p.Text("tag"),
	}
	if kind := p.Text("type"); kind != nil {
		want.Kind = (*desk.FieldKind)(kind)
	}
	want.Options, err = readOptions(p)
	p.Ignored("id", "url", "raw_title", "raw_title_in_portal", "raw_description", "agent_can_edit", "removable", "created_at", "updated_at",
		"creator_user_id", "creator_app_name", "sub_type_id", "system_field_options", "custom_statuses", "key",
		"relationship_filter", "relationship_target_type")
	return want, firstError(err, p.Err())
}

// readOptions reads the values that a field can have; nil when they are not there.
func readOptions(p *apihttp.Params) (*[]desk.Option, error) {
	items := p.Objects("custom_field_options")
	if items == nil {
		return nil, nil
	}
	options := make([]desk.Option, 0, len(items))
	for _, item := range items {
		options = append(options, desk.Option{
			ID: value(item.Number("id")), Name: value(item.Text("name")), Value: value(item.Text("value")), Default: value(item.Bool("default")),
		})
		item.Ignored("raw_name", "url", "position", "allow_solving")
		if err := item.Err(); err != nil {
			return nil, err
		}
	}
	return &options, nil
}

// readCustom reads the values of a ticket's fields: a list of pairs, as Zendesk
// documents it, or an object of values by the fields' numbers. "fields" is another
// name for the same.
func readCustom(p *apihttp.Params) map[desk.FieldID][]string {
	custom := map[desk.FieldID][]string{}
	for _, name := range []string{"fields", "custom_fields"} {
		raw := p.Raw(name)
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		pairs, ok := customPairs(raw)
		if !ok {
			p.Refuse(name, "must be an array of ids and values")
			return nil
		}
		for _, pair := range pairs {
			custom[desk.FieldID(pair.id)] = pair.values
		}
	}
	return custom
}

type customPair struct {
	id     int64
	values []string
}

func customPairs(raw json.RawMessage) (all []customPair, ok bool) {
	var byID map[int64]json.RawMessage
	if json.Unmarshal(raw, &byID) == nil {
		for id, given := range byID {
			values, ok := customValues(given)
			if !ok {
				return nil, false
			}
			all = append(all, customPair{id, values})
		}
		return all, true
	}
	var list []*struct {
		ID    json.Number     `json:"id"` // or the digits of one
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil, false
	}
	for _, item := range list {
		if item == nil {
			return nil, false
		}
		id, err := item.ID.Int64()
		values, ok := customValues(item.Value)
		if err != nil || !ok {
			return nil, false
		}
		all = append(all, customPair{id, values})
	}
	return all, true
}

// customValues are the texts of a value, whatever JSON it is written in.
func customValues(raw json.RawMessage) ([]string, bool) {
	var text string
	var list []string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil, true
	case json.Unmarshal(raw, &text) == nil:
		return []string{text}, true
	case json.Unmarshal(raw, &list) == nil:
		return list, true
	case raw[0] == '{' || raw[0] == '[':
		return nil, false
	default: // a number, or true or false, as it is written
		return []string{string(raw)}, true
	}
}

// fieldClass is what errors call a kind of field: "FieldDate".
func fieldClass(kind desk.FieldKind) string {
	return "Field" + strings.ToUpper(string(kind[:1])) + string(kind[1:])
}

func ticketField(base string, f desk.Field) zendesk.TicketField {
	shown := zendesk.TicketField{
		URL: fmt.Sprintf("%s%s/%d.json", base, zendesk.TicketFieldsPath, f.ID), ID: int64(f.ID), Type: string(f.Kind),
		Title: f.Title, RawTitle: f.Title, Description: f.Description, RawDescription: f.Description, Position: f.Position,
		Active: f.Active, Required: f.Required, CollapsedForAgents: f.Collapsed, RegexpForValidation: orNull(f.Pattern),
		TitleInPortal: f.PortalTitle, RawTitleInPortal: f.PortalTitle,
		VisibleInPortal: f.PortalVisible, EditableInPortal: f.PortalEditable, RequiredInPortal: f.PortalRequired,
		AgentCanEdit: true, Tag: orNull(f.Tag), CreatedAt: zendesk.TimeOf(f.Created), UpdatedAt: zendesk.TimeOf(f.Updated),
		Removable: f.Custom(), AgentDescription: orNull(f.AgentDescription), SystemFieldOptions: systemOptions[f.Kind],
	}
	switch {
	case f.Kind == desk.FieldStatus:
		shown.SubTypeID = new(int64)
		*shown.SubTypeID = 1 // tickets can be put on hold
	case f.Kind == desk.FieldPriority:
		shown.SubTypeID = new(int64)
	case f.HasOptions():
		items := []zendesk.TicketFieldItem{}
		for _, o := range f.Options {
			items = append(items, zendesk.TicketFieldItem{ID: o.ID, Name: o.Name, RawName: o.Name, Value: o.Value, Default: o.Default})
		}
		shown.CustomFieldOptions = &items
	}
	return shown
}

// systemOptions are the values of the system's fields that can be chosen.
var systemOptions = map[desk.FieldKind][]zendesk.SystemOption{
	desk.FieldStatus: {
		{Name: "Open", Value: "open"},
		{Name: "Pending", Value: "pending"},
		{Name: "On-hold", Value: "hold"},
		{Name: "Solved", Value: "solved"},
	},
	desk.FieldTicketType: {
		{Name: "Question", Value: "question"},
		{Name: "Incident", Value: "incident"},
		{Name: "Problem", Value: "problem"},
		{Name: "Task", Value: "task"},
	},
	desk.FieldPriority: {
		{Name: "Low", Value: "low"},
		{Name: "Normal", Value: "normal"},
		{Name: "High", Value: "high"},
		{Name: "Urgent", Value: "urgent"},
	},
}

// customFields are the values of a ticket, as its answer has them.
func customFields(values []desk.Value) []zendesk.CustomField {
	shown := []zendesk.CustomField{}
	for _, v := range values {
		var value any
		switch {
		case v.Field.Kind == desk.FieldCheckbox:
			value = v.Text != ""
		case v.Text == "":
		case v.Field.Kind == desk.FieldMultiselect:
			value = strings.Fields(v.Text)
		default:
			value = v.Text
		}
		shown = append(shown, zendesk.CustomField{ID: int64(v.Field.ID), Value: value})
	}
	return shown
}
