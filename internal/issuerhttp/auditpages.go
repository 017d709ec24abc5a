package issuerhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

// showAudit lists the audit trail, the newest line first.
func (s *Server) showAudit(v visit, u issuer.User) error {
	typed, f, wrong, err := s.auditFilter(v)
	if err != nil {
		return err
	}
	p := web.Audit{Center: v.center(u), Filter: typed, Problems: wrong}
	if len(wrong) > 0 {
		web.Render(v.w, http.StatusUnprocessableEntity, p)
		return nil
	}
	r := v.eventRange()
	page, err := s.Issuer.Events(v.r.Context(), v.account, f, r)
	if err != nil {
		return err
	}
	known := s.knownIn(v.account)
	for _, e := range page.Items {
		row, err := known.row(v.r.Context(), e)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	p.Pager = eventPager(r, page, typed)
	web.Render(v.w, http.StatusOK, p)
	return nil
}

// auditKinds are the kinds of things that lines are about.
var auditKinds = []string{"client", "chat client", "user", "token", "api_token", "account"}

// auditFilter reads what is asked for, and tells what of it cannot be.
func (s *Server) auditFilter(v visit) (web.AuditFilter, issuer.EventFilter, web.Problems, error) {
	q := v.r.URL.Query()
	value := func(name string) string { return strings.ToValidUTF8(strings.TrimSpace(q.Get(name)), "\uFFFD") }
	typed := web.AuditFilter{
		Person: value(web.FieldPerson), Action: value(web.FieldAction), Object: value(web.FieldObject),
		From: value(web.FieldFrom), Until: value(web.FieldUntil),
	}
	f, lang, wrong := issuer.EventFilter{}, v.page().Lang, web.Problems{}
	say := func(field, key string) { wrong[field] = append(wrong[field], web.T(lang, key)) }
	if typed.Action != "" {
		if f.Action = issuer.Action(typed.Action); !slices.Contains(issuer.Actions, f.Action) {
			say(web.FieldAction, "audit.action.unknown")
		}
	}
	if typed.Object != "" {
		kind, id := issuer.Event{Object: strings.ToLower(typed.Object)}.Thing()
		if id <= 0 || !slices.Contains(auditKinds, kind) {
			say(web.FieldObject, "audit.object.wrong")
		}
		f.Object = fmt.Sprintf("%s %d", kind, id)
	}
	var ok bool
	if f.From, ok = day(typed.From); !ok {
		say(web.FieldFrom, "audit.date.wrong")
	}
	if f.Until, ok = day(typed.Until); !ok {
		say(web.FieldUntil, "audit.date.wrong")
	} else if !f.Until.IsZero() {
		if f.Until.Before(f.From) {
			say(web.FieldUntil, "audit.date.order")
		}
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	var err error
	if f.Actor, err = s.auditPerson(v, typed.Person); errors.Is(err, issuer.ErrNotFound) {
		say(web.FieldPerson, "audit.person.unknown")
		err = nil
	}
	return typed, f, wrong, err
}

// day reads a day in UTC; the empty text is none.
func day(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

// auditPerson finds whom a text names: by email, or by number where the email went
// with the person.
func (s *Server) auditPerson(v visit, text string) (issuer.UserID, error) {
	if text == "" {
		return 0, nil
	}
	if id, err := strconv.ParseInt(text, 10, 64); err == nil {
		u, err := s.Issuer.Store.User(v.r.Context(), v.account.ID, issuer.UserID(id))
		return u.ID, err
	}
	if noEmail(text) {
		return 0, issuer.ErrNotFound
	}
	u, err := s.Issuer.Store.UserByEmail(v.r.Context(), v.account.ID, issuer.NormalEmail(text))
	return u.ID, err
}

// eventRange reads which part of the trail a page shows: ?after= and ?before= name
// the line at its edge.
func (v visit) eventRange() issuer.EventRange {
	q := v.r.URL.Query()
	return issuer.EventRange{OlderThan: eventKey(q.Get("after")), NewerThan: eventKey(q.Get("before")), Limit: rowsMost}
}

// eventKey reads what placeOf wrote; anything else names no place.
func eventKey(text string) issuer.EventKey {
	at := strings.LastIndexByte(text, '-')
	if at < 0 {
		return issuer.EventKey{}
	}
	micros, err := strconv.ParseInt(text[:at], 10, 64)
	if err != nil {
		return issuer.EventKey{}
	}
	id, err := strconv.ParseInt(text[at+1:], 10, 64)
	if err != nil || id <= 0 {
		return issuer.EventKey{}
	}
	return issuer.EventKey{At: time.UnixMicro(micros), ID: id}
}

func placeOf(k issuer.EventKey) string { return fmt.Sprintf("%d-%d", k.At.UnixMicro(), k.ID) }

func eventPager(r issuer.EventRange, got issuer.Page[issuer.Recorded], f web.AuditFilter) (p web.Pager) {
	if len(got.Items) == 0 {
		return p
	}
	backwards := r.OlderThan.IsZero() && !r.NewerThan.IsZero()
	link := func(edge string, e issuer.Recorded) string {
		return web.Within(web.PathAudit, append([]string{edge, placeOf(e.Key())}, f.Pairs()...)...)
	}
	if !r.OlderThan.IsZero() || backwards && got.More {
		p.Newer = link("before", got.Items[0])
	}
	if backwards || got.More {
		p.Older = link("after", got.Items[len(got.Items)-1])
	}
	return p
}

// known looks up what people call the people and things of the audit trail, each
// once. What it remembers is bounded: a file of the whole trail names many.
type known struct {
	store   issuer.Store
	account issuer.Account
	users   map[issuer.UserID]issuer.User
	things  map[string]web.AuditThing
}

const knownMost = 1000

func (s *Server) knownIn(a issuer.Account) *known {
	return &known{s.Issuer.Store, a, map[issuer.UserID]issuer.User{}, map[string]web.AuditThing{}}
}

func (k *known) row(ctx context.Context, e issuer.Recorded) (web.AuditRow, error) {
	row := web.AuditRow{
		At: web.Moment{Time: e.At}, User: int64(e.Actor), Action: string(e.Action), Detail: e.Detail,
		Planted: e.Detail == issuer.DetailPlanted && e.Actor == 0, Address: e.Origin.Address, RequestID: e.Origin.RequestID,
	}
	u, err := k.user(ctx, e.Actor)
	if err != nil {
		return row, err
	}
	row.Who = u.Name
	row.Thing, err = k.thing(ctx, e.Event)
	return row, err
}

// user is the zero user where there is none.
func (k *known) user(ctx context.Context, id issuer.UserID) (issuer.User, error) {
	if u, known := k.users[id]; known || id == 0 {
		return u, nil
	}
	u, err := k.store.User(ctx, k.account.ID, id)
	if err != nil && !errors.Is(err, issuer.ErrNotFound) {
		return u, err
	}
	if len(k.users) >= knownMost {
		clear(k.users)
	}
	k.users[id] = u
	return u, nil
}

func (k *known) thing(ctx context.Context, e issuer.Event) (web.AuditThing, error) {
	if t, known := k.things[e.Object]; known {
		return t, nil
	}
	kind, id := e.Thing()
	t, err := k.find(ctx, kind, id)
	if err != nil && !errors.Is(err, issuer.ErrNotFound) {
		return t, err
	}
	t.Object = e.Object
	if len(k.things) >= knownMost {
		clear(k.things)
	}
	k.things[e.Object] = t
	return t, nil
}

// find tells the name of a thing and where its page is, if it is there.
func (k *known) find(ctx context.Context, kind string, id int64) (web.AuditThing, error) {
	page := func(path string) string { return path + "/" + strconv.FormatInt(id, 10) }
	switch kind {
	case "client":
		return k.client(ctx, issuer.Support, id, page(web.PathClients))
	case "chat client":
		return k.client(ctx, issuer.Chat, id, page(web.PathChatClients))
	case "user":
		u, err := k.user(ctx, issuer.UserID(id))
		if u.ID == 0 || u.Erased {
			return web.AuditThing{Name: u.Name}, err
		}
		return web.AuditThing{Name: u.Name, URL: page(web.PathUsers)}, err
	case "token":
		t, err := k.store.Token(ctx, k.account.ID, issuer.Support, issuer.TokenID(id))
		if errors.Is(err, issuer.ErrNotFound) {
			t, err = k.store.Token(ctx, k.account.ID, issuer.Chat, issuer.TokenID(id))
		}
		if err != nil {
			return web.AuditThing{}, err
		}
		return web.AuditThing{Name: t.AccessHint + "…"}, nil
	case "api_token":
		t, err := k.store.APITokenByID(ctx, k.account.ID, issuer.APITokenID(id))
		if err != nil {
			return web.AuditThing{}, err
		}
		return web.AuditThing{Name: t.Hint + "…", URL: web.PathAPITokens}, nil
	case "account":
		return web.AuditThing{Name: k.account.Name, URL: web.PathSettings}, nil
	}
	return web.AuditThing{}, issuer.ErrNotFound
}

// client has no page where it stands for a global one.
func (k *known) client(ctx context.Context, p issuer.Product, id int64, page string) (web.AuditThing, error) {
	c, err := k.store.ClientByID(ctx, k.account.ID, p, issuer.ClientID(id))
	if err != nil || c.Global != 0 {
		return web.AuditThing{Name: c.Name}, err
	}
	return web.AuditThing{Name: c.Name, URL: page}, nil
}
