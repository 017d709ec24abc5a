package brokerhttp

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// fileStep is how many connections are read in one go for a file.
const fileStep = 500

// fileWait is how long a reader of the file may take over each of those.
const fileWait = 30 * time.Second

// connectionHeads are the first line of the file.
var connectionHeads = []string{
	"id", "account", "product", "user_id", "user", "email", "role", "client", "state", "reason", "scope",
	"access_expires_at", "refresh_expires_at", "created_at", "renewed_at", "failures", "last_used_at",
}

// connectionsCSV sends what the list with this filter shows, all of it (RFC 4180).
func (s *site) connectionsCSV(w http.ResponseWriter, v visit) error {
	clients, err := s.clientNames(v.Context(), v.viewer)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	heads := func() error { return out.Write(connectionHeads) }
	one := func(c broker.Connection, _ bool) error {
		client, err := clients.of(v.Context(), c.Client)
		if err != nil {
			return err
		}
		return out.Write(web.Cells(number(int64(c.ID)), c.Account, string(c.Product), number(c.User.ID), c.User.Name, c.User.Email,
			c.User.Role, client, string(c.Shown()), string(c.Reason), strings.Join(c.Granted, " "), stamp(c.AccessExpires),
			stamp(c.RefreshExpires), stamp(c.Created), stamp(c.RenewedAt), strconv.Itoa(c.Failures), stamp(c.LastUsedAt)))
	}
	return s.file(w, v, "text/csv; charset=utf-8; header=present", "csv", heads, one, func() error { out.Flush(); return out.Error() })
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// connectionsJSON sends the same as the API's connections.
func (s *site) connectionsJSON(w http.ResponseWriter, v visit) error {
	text := func(t string) error { _, err := io.WriteString(w, t); return err }
	one := func(c broker.Connection, first bool) error {
		body, err := json.Marshal(Published(s.Broker.Base, c))
		if err != nil {
			return err
		}
		between := ",\n"
		if first {
			between = "\n"
		}
		return text(between + string(body))
	}
	heads := func() error { return text(`{"connections":[`) }
	if err := s.file(w, v, "application/json", "json", heads, one, func() error { return nil }); err != nil || v.Method == http.MethodHead {
		return err
	}
	return text("\n]}\n")
}

// file sends all that the viewer sees through the filter, the newest first. It is read
// and sent in steps, so that a long list needs no memory; a connection that is made
// meanwhile is newer than those that were sent, and stays out of it.
func (s *site) file(w http.ResponseWriter, v visit, kind, ending string, heads func() error, one func(c broker.Connection, first bool) error, flush func() error) error {
	_, f := filterOf(v)
	found, err := s.Broker.Seen(v.Context(), v.viewer, f, 0, fileStep)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="connections-`+s.Broker.Now().UTC().Format(time.DateOnly)+`.`+ending+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if v.Method == http.MethodHead {
		return nil
	}
	slow := http.NewResponseController(w)
	defer func() { _ = slow.SetWriteDeadline(time.Time{}) }() // the browser's connection lives on
	err = heads()
	for first := true; err == nil; {
		_ = slow.SetWriteDeadline(time.Now().Add(fileWait)) // where it cannot be set, there is none to keep
		for _, c := range found.Connections {
			if err = one(c, first); err != nil {
				break
			}
			first = false
		}
		if err == nil {
			err = flush()
		}
		if err != nil || !found.More {
			break
		}
		found, err = s.Broker.Seen(v.Context(), v.viewer, f, found.Connections[len(found.Connections)-1].ID, fileStep)
	}
	if err != nil {
		if v.Context().Err() == nil {
			s.Log.ErrorContext(v.Context(), "a file of connections was cut off", "error", err)
		}
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return nil
}
